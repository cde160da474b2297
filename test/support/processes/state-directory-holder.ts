import {silentLogger} from '../../../src/common/logger.ts';
import {LevelStoreProvider} from '../../../src/state/level/level-store-provider.ts';

/** Opens the state directory given as argument, commits a row and stays. */
const [directory] = process.argv.slice(2);
const provider = await LevelStoreProvider.open(directory as string, {logger: silentLogger});
const store = await provider.open('0_0', 'rows');
await store.apply([[Buffer.from('a'), Buffer.from('1')]], {topicId: 'topic-1', offset: 7});
process.stdout.write('open\n');
setInterval(() => undefined, 60_000);
