import {cp, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Level} from 'level';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {Logger} from '../../../src/common/logger.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {CommittedStore} from '../../../src/state/committed-store.ts';
import {LevelStore} from '../../../src/state/level/level-store.ts';
import {SENTINEL_KEY} from '../../../src/state/level/store-sentinel.ts';
import {ChildProcess} from '../../support/child-process.ts';
import {compileScript} from '../../support/compiled-script.ts';
import {rowsAfter} from '../../support/numbered-commits.ts';
import {Random} from '../../support/random.ts';
import {until} from '../../support/until.ts';

let root: string;
let directory: string;
let warnings: object[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-state-'));
  directory = join(root, 'rows');
  warnings = [];
});
afterEach(() => rm(root, {recursive: true, force: true}));

function open(path = directory): Promise<LevelStore> {
  const logger: Logger = {...silentLogger, warn: (fields) => void warnings.push(fields)};
  return LevelStore.open({
    name: 'rows',
    directory: path,
    logger,
    ranged: true,
    onRanged: () => undefined,
    onClose: () => undefined,
  });
}

/** Commits the rows `<prefix> 0` to `<prefix> 39` and deletes one of the commit before. */
async function commit(store: CommittedStore, offset: number): Promise<void> {
  const rows = Array.from({length: 40}, (_, i) => {
    const value = Buffer.from(`the value of row ${i} as of ${offset} ${'.'.repeat(20)}`);
    return [Buffer.from(`${i % 4} ${offset} ${i}`), value] as const;
  });
  const deleted = [Buffer.from(`1 ${offset - 1} 1`), undefined] as const;
  await store.apply([...rows, deleted], {topicId: 'topic-1', offset});
}

function rowsOf(store: CommittedStore): string[] {
  return [...store.range()].map(([key, value]) => `${key.toString()}=${value.toString()}`);
}

/** Tables, and a log with two commits. Returns the rows as of each commit. */
async function build(): Promise<Map<number, string[]>> {
  const history = new Map<number, string[]>();
  for (const offsets of [[1, 2], [3], [4, 5]]) {
    const store = await open();
    for (const offset of offsets) {
      await commit(store, offset);
      history.set(offset, rowsOf(store));
    }
    await store.close();
  }
  return history;
}

/** LevelDB writes nothing when it is closed, so that without the list of files a store is as a kill leaves it. */
function forgetClose(): Promise<void> {
  return rm(`${directory}.files.json`);
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] as number) ^ 0x40;
  await writeFile(path, bytes);
}

async function fileNamed(pattern: RegExp, path = directory): Promise<string> {
  const name = (await readdir(path)).find((candidate) => pattern.test(candidate));
  if (name === undefined) throw new Error(`no ${pattern} in ${path}`);
  return join(path, name);
}

/** Writes or removes the sentinel behind the store's back, as an older version or another store would have it. */
async function withSentinel(text: string | undefined): Promise<void> {
  const encodings = {keyEncoding: 'buffer', valueEncoding: 'buffer'} as const;
  const db = new Level<Buffer, Buffer>(directory, encodings);
  if (text === undefined) await db.del(SENTINEL_KEY);
  else await db.put(SENTINEL_KEY, Buffer.from(text));
  await db.close();
  await forgetClose();
}

describe('LevelStore', () => {
  test.each(['closed', 'killed'])(
    'has the rows of its checkpoint or is empty, whichever byte of a %s store is damaged',
    {timeout: 20_000},
    async (how) => {
      const history = await build();
      if (how === 'killed') await forgetClose();
      const names = (await readdir(directory)).filter((name) => !name.startsWith('LO'));
      expect(names).toContainEqual(expect.stringMatching(/ldb$/));
      const damaged = join(root, 'damaged');
      const wipedBy = new Map<string, number>();

      for (const name of names) {
        const path = join(damaged, name);
        const {size} = await stat(join(directory, name));
        const step = Math.ceil(size / 5);
        const positions = Array.from({length: 5}, (_, i) => Math.min(i * step + i, size - 1));
        const damages = [
          () => rm(path),
          ...positions.map((at) => () => flip(path, at)),
          ...positions.map((at) => () => truncate(path, at)),
        ];
        let wiped = 0;
        for (const damage of damages) {
          await cp(directory, damaged, {recursive: true});
          if (how === 'closed') await cp(`${directory}.files.json`, `${damaged}.files.json`);
          await damage();

          const store = await open(damaged);
          const {checkpoint} = store;
          expect(rowsOf(store)).toEqual(history.get(checkpoint?.offset ?? 0) ?? []);
          expect(warnings).toHaveLength(checkpoint === undefined ? 1 : 0);
          wiped += warnings.splice(0).length;

          await store.close();
          await rm(damaged, {recursive: true});
          await rm(`${damaged}.files.json`, {force: true});
        }
        wipedBy.set(name, wiped);
      }
      // All but the unused bytes of a table's footer count, of a table that is in use.
      const tables = [...wipedBy].filter(([name]) => name.endsWith('.ldb'));
      expect(Math.max(...tables.map(([, wiped]) => wiped))).toBeGreaterThan(8);
      expect(wipedBy.get('CURRENT')).toBe(11);
    },
  );

  test('trap 10: comes back empty when the manifest has lost a table that was written while it was open', async () => {
    const store = await open();
    for (let offset = 1; offset <= 8; offset++) {
      const value = Buffer.alloc(1 << 20, offset);
      for (let i = 0; i < value.length; i += 4) value.writeInt32LE(i * offset, i);
      await store.apply([[Buffer.of(offset), value]], {topicId: 'topic-1', offset});
    }
    await until('the first log is a table', async () => {
      const names = await readdir(directory);
      return names.filter((name) => name.endsWith('.log')).length === 1;
    });
    await store.close();
    await forgetClose();
    const manifest = await fileNamed(/^MANIFEST/);
    const {size} = await stat(manifest);
    await truncate(manifest, size - 1);

    const again = await open();

    expect(again.checkpoint).toBeUndefined();
    expect(rowsOf(again)).toEqual([]);
    expect(warnings).toMatchObject([{store: 'rows', problem: expect.stringMatching(/is missing/)}]);
    await again.close();
  });

  const foreign: Readonly<Record<string, () => Promise<void>>> = {
    'a log that was not there when it was closed': async () =>
      cp(await fileNamed(/\.log$/), join(directory, '000999.log')),
    'a log that does not follow on the one before': async () => {
      await cp(await fileNamed(/\.log$/), join(directory, '000999.log'));
      await forgetClose();
    },
    'a list of files that is not readable': () => writeFile(`${directory}.files.json`, '{"half'),
    'rows without a sentinel': () => withSentinel(undefined),
    'a sentinel that is not readable': () => withSentinel('{'),
    'the sentinel of another store': () =>
      withSentinel(
        '{"format":1,"store":"x","checkpoint":{"topicId":"t","offset":1},"ranged":false}',
      ),
    'a sentinel of another format': () =>
      withSentinel(
        '{"format":2,"store":"rows","checkpoint":{"topicId":"t","offset":1},"ranged":false}',
      ),
  };

  test.each(Object.entries(foreign))('comes back empty with %s', async (_, damage) => {
    await build();
    await damage();

    const store = await open();

    expect(store.isEmpty).toBe(true);
    expect(store.checkpoint).toBeUndefined();
    expect(rowsOf(store)).toEqual([]);
    expect(warnings).toMatchObject([{store: 'rows', directory}]);
    await commit(store, 9);
    await store.close();
    const again = await open();
    expect(again.checkpoint?.offset).toBe(9);
    await again.close();
  });

  test('keeps its rows when nothing is wrong, also after it was killed', async () => {
    const history = await build();

    for (const before of [() => Promise.resolve(), forgetClose]) {
      await before();
      const store = await open();
      expect(store.checkpoint).toEqual({topicId: 'topic-1', offset: 5});
      expect(rowsOf(store)).toEqual(history.get(5));
      await store.close();
    }
    expect(warnings).toEqual([]);
  });

  test('removes itself when a row that its index has is gone, so that it comes back empty', async () => {
    const store = await open();
    await commit(store, 1);
    const get = store.get.bind(store);
    store.get = (key) => (key.toString() === '2 1 2' ? undefined : get(key));

    expect(() => store.range()).toThrow(expect.objectContaining({code: 'STATE_CORRUPTED'}));
    await store.close();

    const again = await open();
    expect(again.checkpoint).toBeUndefined();
    expect(rowsOf(again)).toEqual([]);
    await again.close();
  });

  test('stays when it was corrupted, wiped and filled again', async () => {
    const store = await open();
    await commit(store, 1);
    const get = store.get.bind(store);
    store.get = () => undefined;
    expect(() => store.range()).toThrow(expect.objectContaining({code: 'STATE_CORRUPTED'}));
    store.get = get;

    await store.wipe();
    await commit(store, 2);
    await store.close();

    const again = await open();
    expect(again.checkpoint?.offset).toBe(2);
    await again.close();
  });

  test(
    'has every commit that returned, whole, when its process is killed at any moment',
    {timeout: 20_000},
    async () => {
      const script = await compileScript('state-writer', join(root, 'compiled'));
      const random = new Random(1);
      let reported = 0;
      for (let round = 0; round < 2; round++) {
        const child = new ChildProcess(script, [directory]);
        const count = 20 + random.below(160);
        await child.when(`it wrote ${count} lines`, (lines) => lines.length >= count);
        await child.kill();
        reported = Math.max(...child.lines.map(Number).filter((number) => !Number.isNaN(number)));

        const store = await open();
        const committed = store.checkpoint?.offset ?? 0;
        expect(committed).toBeGreaterThanOrEqual(reported);
        const rows = [...store.range()].map(
          ([key, value]) => [key.toString(), Number.parseInt(value.toString(), 10)] as const,
        );
        expect(new Map(rows)).toEqual(rowsAfter(committed));
        expect(warnings).toEqual([]);
        await store.close();
        reported = committed;
      }
    },
  );

  test(
    'stops the process when the disk is full, and has every commit that returned',
    {timeout: 20_000},
    async () => {
      const script = await compileScript('state-writer', join(root, 'compiled'));
      const child = new ChildProcess(script, [directory], {maxFileBytes: 1 << 20});

      await child.end();

      expect(child.lines.at(-1)).toBe('FatalError DATA_DIR_UNUSABLE');
      const reported = Number(child.lines.at(-2));
      const store = await open();
      expect(store.checkpoint?.offset).toBe(reported);
      expect(new Map([...store.range()].map(([key]) => [key.toString(), true]))).toEqual(
        new Map([...rowsAfter(reported).keys()].map((key) => [key, true])),
      );
      expect(warnings).toEqual([]);
      await store.close();
    },
  );
});
