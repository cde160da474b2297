import {mkdtemp, open, readFile, readdir, rm, stat, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {Logger} from '../../../src/common/logger.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {TransactionalProducer} from '../../../src/kafka/client.ts';
import {scanJournal} from '../../../src/kafka/embedded/journal-scanner.ts';
import {SegmentFiles} from '../../../src/kafka/embedded/segment-files.ts';
import {CrashableLog, record, texts} from './crashable-log.ts';
import type {CrashableLogOptions} from './crashable-log.ts';

let directory: string;
let warnings: string[];
const logger: Logger = {...silentLogger, warn: (_, message) => void warnings.push(message)};
const openCrashable = (options: CrashableLogOptions = {}): Promise<CrashableLog> =>
  CrashableLog.open(directory, {logger, ...options});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  warnings = [];
});
afterEach(() => rm(directory, {recursive: true, force: true}));

const group = {groupId: 'group', generationId: -1, memberId: ''};
/** More than a transaction keeps in memory, so that it is written before the commit. */
const big = '#'.repeat((4 << 20) + 1);

const corrupted = {name: 'FatalError', code: 'KAFKA_LOG_CORRUPTED'};

async function createTopics(log: CrashableLog): Promise<void> {
  await log.client.admin.ensureTopics([
    {name: 'a', partitions: 2, cleanupPolicy: 'delete'},
    {name: 'c', partitions: 1, cleanupPolicy: 'compact'},
  ]);
}

async function begin(log: CrashableLog, id: string): Promise<TransactionalProducer> {
  const producer = log.client.transactionalProducer(id);
  await producer.init();
  producer.begin();
  return producer;
}

interface Contents {
  readonly a0: readonly string[];
  readonly a1: readonly string[];
  readonly c: readonly string[];
  readonly offsets: readonly (number | null)[];
}

const short = (lines: readonly string[]): string[] => lines.map((line) => line.slice(0, 20));

/** Everything that a reader of committed data can see. */
async function contents(log: CrashableLog): Promise<Contents> {
  const partitions = [0, 1].map((partition) => ({topic: 'a', partition}));
  return {
    a0: short(texts(await log.read('a', 0))),
    a1: short(texts(await log.read('a', 1))),
    c: short(texts(await log.read('c'))),
    offsets: await log.client.admin.committedOffsets('group', partitions),
  };
}

/** What was committed when the journal had this length. */
interface Acknowledged {
  readonly position: number;
  readonly committed: Contents;
}

/** Runs transactions of every kind and leaves one open. */
async function fill(log: CrashableLog): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const acknowledge = async (behindTheOpenOne: readonly string[] = []): Promise<void> => {
    const {position} = log.store.journal.end;
    const seen = await contents(log);
    acknowledged.push({position, committed: {...seen, a1: [...seen.a1, ...behindTheOpenOne]}});
  };
  await acknowledge();
  const several = await begin(log, 'several');
  await several.send([
    {topic: 'a', partition: 0, records: [record('k', 'one'), record('l', 'two')]},
    {topic: 'a', partition: 1, records: [record('k', 'three')]},
    {topic: 'c', partition: 0, records: [record('k', 'four')]},
  ]);
  await several.sendOffsets(group, [{topic: 'a', partition: 0, offset: 2}]);
  await several.commit();
  await acknowledge();
  const aborted = await begin(log, 'aborted');
  await aborted.send([{topic: 'a', partition: 0, records: [record('k', 'void')]}]);
  await aborted.sendOffsets(group, [{topic: 'a', partition: 1, offset: 9}]);
  await aborted.abort();
  await acknowledge();

  const open_ = await begin(log, 'open');
  await open_.send([{topic: 'a', partition: 1, records: [record('k', `open ${big}`)]}]);
  const spilled = await begin(log, 'spilled');
  await spilled.send([{topic: 'a', partition: 0, records: [record('k', `spilled ${big}`)]}]);
  await spilled.send([{topic: 'a', partition: 0, records: [record('k', 'its end')]}]);
  await spilled.sendOffsets(group, [{topic: 'a', partition: 0, offset: 5}]);
  await spilled.commit();
  await acknowledge();
  const lost = await begin(log, 'lost');
  await lost.send([{topic: 'a', partition: 0, records: [record('k', `lost ${big}`)]}]);
  await lost.abort();
  await acknowledge();
  await log.commit('a', [record('k', 'behind')], 1);
  await acknowledge(['3 k=behind']);
  await log.commit('c', [record('k', null), record('l', 'five')]);
  await acknowledge(['3 k=behind']);
  await log.client.admin.deleteGroup(group.groupId);
  await acknowledge(['3 k=behind']);
  return acknowledged;
}

async function entryEnds(): Promise<number[]> {
  const files = new SegmentFiles(join(directory, 'journal'));
  const ends: number[] = [];
  for await (const {end} of scanJournal(files, {sequence: 0, segment: 1, position: 0})) {
    ends.push(end.position);
  }
  await files.close();
  return ends;
}

/** What its index consists of, but for LevelDB's own log. */
async function indexFiles(): Promise<readonly string[]> {
  const names = await readdir(join(directory, 'index')).catch(() => []);
  return names.filter((name) => !name.startsWith('LO'));
}

/** Makes the journal `bytes` again, of which those from `from` on may have been overwritten. */
async function restoreJournal(bytes: Buffer, from: number): Promise<void> {
  const file = await open(journalPath(), 'r+');
  await file.truncate(bytes.length);
  await file.write(bytes, from, bytes.length - from, from);
  await file.close();
}

const journalPath = (): string => join(directory, 'journal', '0000000001.log');

/** Closed twice, so that the index has a table. */
async function filledAndClosed(): Promise<Contents> {
  const log = await openCrashable();
  await createTopics(log);
  await log.commit('a', [record('k', 'one')]);
  await log.commit('c', [record('k', 'one'), record('l', 'two'), record('k', 'three')]);
  await log.maintain();
  await log.commit('c', [record('l', null)]);
  const seen = await contents(log);
  await log.close();
  await (await openCrashable()).close();
  return seen;
}

describe('openLog', () => {
  test.each(['after a checkpoint', 'without one'])(
    'has what was acknowledged before the journal was cut, whole, and nothing else: %s',
    {timeout: 30_000},
    async (when) => {
      const log = await openCrashable();
      await createTopics(log);
      if (when === 'after a checkpoint') await log.maintain();
      const acknowledged = await fill(log);
      const [{position: start} = {position: 0}] = acknowledged;
      await log.crash();
      const ends = (await entryEnds()).filter((end) => end > start);
      const bytes = await readFile(journalPath());
      // Every entry is whole or not there (`journal.test.ts` cuts at each byte); here is what that means to a reader.
      const cuts = [...ends.flatMap((end) => [end, end - 1, end - 60]), bytes.length - 29, start];
      expect(ends.length).toBeGreaterThan(8);

      let written = bytes.length;
      for (const cut of cuts.toSorted((a, b) => b - a)) {
        await restoreJournal(bytes.subarray(0, cut), Math.min(cut, written));
        written = ends.findLast((end) => end <= cut) ?? start;
        const before = acknowledged.findLast(({position}) => position <= cut);

        const again = await openCrashable();
        expect(await contents(again)).toEqual(before?.committed);
        for (const partition of [0, 1]) {
          await again.commit('a', [record('n', 'new')], partition);
          const records = await again.read('a', partition);
          expect(records.at(-1)?.value).toEqual(Buffer.from('new'));
        }
        await again.crash();
      }
    },
  );

  test('aborts what was open, and gives its offsets to nobody who could mistake them', async () => {
    const log = await openCrashable();
    await createTopics(log);
    const unfinished = await begin(log, 'unfinished');
    await unfinished.send([{topic: 'a', partition: 0, records: [record('k', `open ${big}`)]}]);
    await unfinished.sendOffsets(group, [{topic: 'a', partition: 0, offset: 7}]);
    await log.commit('a', [record('k', 'committed')]);
    expect(await log.read('a')).toEqual([]);
    await log.crash();

    const again = await openCrashable();

    expect(await contents(again)).toMatchObject({a0: ['1 k=committed'], offsets: [null, null]});
    await again.commit('a', [record('k', 'later')]);
    expect(texts(await again.read('a'))).toEqual(['1 k=committed', '3 k=later']);
    await again.crash();
  });

  test('does not take the transaction of an earlier run for one of the same number', async () => {
    const log = await openCrashable();
    await createTopics(log);
    const first = await begin(log, 'first');
    await first.send([{topic: 'a', partition: 0, records: [record('k', `void ${big}`)]}]);
    await log.crash();
    const second = await openCrashable();
    const committed = await begin(second, 'second');
    await committed.send([{topic: 'a', partition: 0, records: [record('k', `good ${big}`)]}]);
    await committed.commit();
    await second.crash();

    const third = await openCrashable();

    const values = (await third.read('a')).map(({value}) => value?.subarray(0, 4).toString());
    expect(values).toEqual(['good']);
    await third.crash();
  });

  test('drops an unfinished write with a warning, and says nothing otherwise', async () => {
    const log = await openCrashable();
    await createTopics(log);
    await log.crash();
    await (await openCrashable()).crash();
    expect(warnings).toEqual([]);
    await truncate(journalPath(), (await stat(journalPath())).size - 1);

    await (await openCrashable()).crash();

    expect(warnings).toEqual(['Drops an unfinished write']);
  });

  test('refuses a directory that is in use, whatever it looks like meanwhile', async () => {
    const log = await openCrashable();
    const inUse = {code: 'DATA_DIR_UNUSABLE', message: expect.stringMatching(/in use/)};
    await expect(openCrashable()).rejects.toMatchObject(inUse);
    await rm(join(directory, 'index', 'CURRENT'));
    const files = await indexFiles();

    await expect(openCrashable()).rejects.toMatchObject(inUse);

    expect(await indexFiles()).toEqual(files);
    await log.crash();
  });

  describe('with a damaged index', () => {
    const damages: Readonly<Record<string, (index: string) => Promise<void>>> = {
      'is gone': (index) => rm(index, {recursive: true}),
      'has lost its CURRENT': (index) => rm(join(index, 'CURRENT')),
      'has a wrong byte': async (index) => {
        const name = (await readdir(index)).find((candidate) => candidate.endsWith('.ldb'));
        const bytes = await readFile(join(index, name as string));
        bytes[30] = (bytes[30] as number) ^ 1;
        await writeFile(join(index, name as string), bytes);
      },
    };

    test.each(Object.entries(damages))('builds it anew when it %s', async (_, damage) => {
      const seen = await filledAndClosed();
      await damage(join(directory, 'index'));

      const log = await openCrashable();

      expect(await contents(log)).toEqual(seen);
      await log.maintain();
      expect(await contents(log)).toEqual(seen);
      await log.close();
    });

    test.each(Object.entries(damages))(
      'refuses to open when it %s and the journal has lost what nobody needed any more',
      async (_, damage) => {
        await filledAndClosed();
        const log = await openCrashable({segmentBytes: 1, minDirtyBytes: 0, deleteRetentionMs: 0});
        await log.commit('c', [record('k', 'four')]);
        await log.client.admin.deleteTopics(['a']);
        await log.maintain();
        await log.maintain();
        await log.close();
        expect(await readdir(join(directory, 'journal'))).not.toContain('0000000001.log');
        await damage(join(directory, 'index'));
        const files = await indexFiles();

        await expect(openCrashable()).rejects.toMatchObject(corrupted);
        await expect(openCrashable()).rejects.toMatchObject(corrupted);

        // Left to whoever wants to repair it.
        expect(await indexFiles()).toEqual(expect.arrayContaining([...files]));
      },
    );
  });
});
