import {silentLogger} from '../../../src/common/logger.ts';
import {LevelStore} from '../../../src/state/level/level-store.ts';
import {commitOf} from '../numbered-commits.ts';

/** Commits one after the other to the store in the directory given as argument, and writes the number of each. */
const [directory] = process.argv.slice(2);
const store = await LevelStore.open({
  name: 'rows',
  directory: directory as string,
  logger: silentLogger,
  ranged: true,
  onRanged: () => undefined,
  onClose: () => undefined,
});
process.stdout.write('open\n');
try {
  for (let number = (store.checkpoint?.offset ?? 0) + 1; ; number++) {
    await store.apply(commitOf(number), {topicId: 'topic-1', offset: number});
    process.stdout.write(`${number}\n`);
  }
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  process.stdout.write(`${String(error instanceof Error && error.name)} ${String(code)}\n`);
}
