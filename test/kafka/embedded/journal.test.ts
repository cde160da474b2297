import {mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile} from 'node:fs/promises';
import type {FileHandle} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {ENTRY_HEADER_BYTES} from '../../../src/kafka/embedded/journal-entry.ts';
import {Journal} from '../../../src/kafka/embedded/journal.ts';
import type {JournalEntry, JournalPosition} from '../../../src/kafka/embedded/journal.ts';
import {scanJournal} from '../../../src/kafka/embedded/journal-scanner.ts';
import {bodyOf} from '../../../src/kafka/embedded/record-batch.ts';
import {SegmentFiles} from '../../../src/kafka/embedded/segment-files.ts';
import {encodeRecords} from '../../../src/kafka/memory-records/encode-records.ts';
import {record} from './crashable-log.ts';

const start: JournalPosition = {sequence: 0, segment: 1, position: 0};
const corrupted = {name: 'FatalError', code: 'KAFKA_LOG_CORRUPTED'};
const unusable = {name: 'FatalError', code: 'DATA_DIR_UNUSABLE'};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-journal-'));
});
afterEach(() => rm(directory, {recursive: true, force: true}));

/** An entry with one batch of one record, of which the offset is its number. */
function entry(number: number, valueBytes = 10): JournalEntry {
  const value = `entry ${number} `.padEnd(valueBytes, '#');
  return {
    change: {ends: [[1, 0, number + 1]]},
    batches: [
      {
        topicNumber: 1,
        partition: 0,
        baseOffset: number,
        nextOffset: number + 1,
        body: bodyOf(encodeRecords([record(`key ${number}`, value)])),
        appendTime: 1_000,
      },
    ],
    apply: () => undefined,
  };
}

/** One entry with a batch for each length of a value; `number` is that of the first. */
function longEntry(number: number, lengths: readonly number[]): JournalEntry {
  const parts = lengths.map((length, i) => entry(number + i, length));
  return {...entry(number), batches: parts.flatMap(({batches}) => batches)};
}

async function openJournal(
  options: {segmentBytes?: number; sync?: boolean; files?: SegmentFiles} = {},
): Promise<{journal: Journal; found: number[]}> {
  const {segmentBytes = 1 << 20, sync = false, files = new SegmentFiles(directory)} = options;
  const {found, end} = await scan();
  return {journal: await Journal.open(files, end, {segmentBytes, sync}), found};
}

/** The numbers of the entries that a journal holds. */
async function scan(): Promise<{found: number[]; end: JournalPosition}> {
  const files = new SegmentFiles(directory);
  const found: number[] = [];
  let end = start;
  try {
    for await (const scanned of scanJournal(files, start)) {
      found.push(...scanned.stored.map(({baseOffset}) => baseOffset));
      ({end} = scanned);
    }
  } finally {
    await files.close();
  }
  return {found, end};
}

/** Hands out files of which the writes fail, after `good` bytes, and the syncs, after `goodSyncs`. */
class FailingFiles extends SegmentFiles {
  good = Infinity;
  goodSyncs = Infinity;

  override async openForWriting(segment: number): Promise<FileHandle> {
    const handle = await super.openForWriting(segment);
    const write = handle.write.bind(handle);
    const datasync = handle.datasync.bind(handle);
    const take = (length: number): number => {
      // What is shorter than a page is written whole or not at all.
      const taken =
        length <= ENTRY_HEADER_BYTES && length > this.good ? 0 : Math.min(length, this.good);
      this.good -= taken;
      if (taken > 0) return taken;
      throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'});
    };
    return Object.assign(handle, {
      write: async (buffer: Buffer, offset: number, length: number, position: number) =>
        write(buffer, offset, take(length), position),
      datasync: async () => {
        if (this.goodSyncs-- <= 0) throw new Error('EIO: i/o error');
        await datasync();
      },
    });
  }
}

const numbers = (count: number): number[] => Array.from({length: count}, (_, i) => i);
const lastSegment = async (): Promise<string> =>
  join(directory, (await readdir(directory)).toSorted().at(-1) ?? '');

/** Writes entries one after the other; returns where each ends. */
async function fill(count: number, sync = false): Promise<number[]> {
  const {journal} = await openJournal({sync});
  const ends: number[] = [];
  for (const number of numbers(count)) {
    await journal.append(entry(number));
    ends.push(journal.end.position);
  }
  await journal.close();
  return ends;
}

/** Fills sectors of 512 bytes with zeros. */
async function loseSectors(path: string, from: number, to: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0, from, Math.min(to, bytes.length));
  await writeFile(path, bytes);
}

describe('Journal', () => {
  test('applies entries in the order of the calls, together with where they stand', async () => {
    const {journal} = await openJournal();
    const applied: number[] = [];

    await Promise.all(
      numbers(50).map((number) =>
        journal.append({
          ...entry(number),
          apply: ([stored]) => void applied.push(stored?.baseOffset ?? -1),
        }),
      ),
    );
    await journal.close();

    expect(applied).toEqual(numbers(50));
    expect((await scan()).found).toEqual(numbers(50));
  });

  test('starts a new file when one is full, and reads them one after the other', async () => {
    const {journal} = await openJournal({segmentBytes: 800});
    for (const number of numbers(30)) await journal.append(entry(number));
    await journal.close();

    expect((await readdir(directory)).length).toBeGreaterThan(3);
    expect((await scan()).found).toEqual(numbers(30));
  });

  test('can be synced at any time, also while it starts a new file', async () => {
    const {journal} = await openJournal({segmentBytes: 1});
    let failure: unknown;
    const appending = (async () => {
      for (const number of numbers(40)) await journal.append(entry(number));
    })();

    while (journal.end.sequence < 40) {
      await journal.sync().catch((error: unknown) => (failure = error));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await appending;

    expect(failure).toBeUndefined();
    await journal.close();
  });

  test(
    'has every entry before the one where it was cut, wherever that is, and goes on behind it',
    {timeout: 20_000},
    async () => {
      const ends = await fill(2);
      const path = await lastSegment();
      const bytes = await readFile(path);

      for (let cut = bytes.length; cut >= 0; cut--) {
        await truncate(path, cut);
        const whole = ends.filter((end) => end <= cut).length;
        expect((await scan()).found).toEqual(numbers(whole));
        if (cut % 17 > 0) continue;

        const {journal} = await openJournal();
        await journal.append(entry(whole));
        await journal.close();
        expect((await scan()).found).toEqual(numbers(whole + 1));
        await writeFile(path, bytes.subarray(0, cut));
      }
    },
  );

  test('leaves nothing of an unfinished entry behind a shorter one', async () => {
    const {journal} = await openJournal();
    await journal.append(entry(0));
    await journal.append(entry(1, 5_000));
    await journal.close();
    const path = await lastSegment();
    await truncate(path, (await readFile(path)).length - 1);

    const {journal: again} = await openJournal();
    await again.append(entry(1));
    await again.close();

    expect((await scan()).found).toEqual([0, 1]);
  });

  test('refuses to open with any byte changed', {timeout: 20_000}, async () => {
    await fill(2);
    const path = await lastSegment();
    const bytes = await readFile(path);

    const opened: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      await writeFile(path, damaged);
      const code = await scan().then(
        () => undefined,
        (error: {code?: string}) => error.code,
      );
      if (code !== corrupted.code) opened.push(at);
    }

    expect(opened).toEqual([]);
  });

  test('refuses to open without one of its files, or with one that ends early', async () => {
    const {journal} = await openJournal({segmentBytes: 300});
    for (const number of numbers(10)) await journal.append(entry(number));
    await journal.close();
    const [first, second] = (await readdir(directory)).toSorted();
    const bytes = await readFile(join(directory, second as string));

    await truncate(join(directory, second as string), bytes.length - 1);
    await expect(scan()).rejects.toMatchObject(corrupted);
    await rm(join(directory, second as string));
    await expect(scan()).rejects.toMatchObject(corrupted);
    await writeFile(join(directory, second as string), bytes);
    await rm(join(directory, first as string));
    await expect(scan()).rejects.toMatchObject(corrupted);
  });

  describe('with an entry of several megabytes', () => {
    const shapes: readonly (readonly [string, readonly number[]])[] = [
      ['many batches', Array.from({length: 30}, () => 100_000)],
      ['a small batch and a very long one', [10, 2_500_000, 10]],
      ['a very long batch', [3_000_000]],
    ];

    test.each(shapes)('of %s: reads it back, and what comes behind it', async (_, lengths) => {
      const {journal} = await openJournal({segmentBytes: 64 << 20});
      const stored: string[] = [];
      await journal.append(entry(0));
      await journal.append({
        ...longEntry(1, lengths),
        apply: (batches) => stored.push(...batches.map((batch) => JSON.stringify(batch))),
      });
      const {end} = journal;
      await journal.append(entry(1 + lengths.length));
      await journal.close();

      expect((await scan()).found).toEqual(numbers(lengths.length + 2));
      const found: string[] = [];
      for await (const scanned of scanJournal(new SegmentFiles(directory), start))
        if (scanned.end.sequence === 2)
          found.push(...scanned.stored.map((batch) => JSON.stringify(batch)));
      expect(found).toEqual(stored);
      expect((await stat(await lastSegment())).size).toBeGreaterThan(end.position);
    });

    test.each(shapes)(
      'of %s: it was never there where the process died before it was whole',
      async (_, lengths) => {
        const bytes = lengths.reduce((sum, length) => sum + length, 0);
        const seen = new Set<boolean>();
        // Pages, which a kill leaves whole, around the places where something ends.
        const steps = [0, 1, 27, 28, 29, 28 + 4096];
        for (let good = 8192; good < bytes + 512; good += Math.floor(bytes / 12)) steps.push(good);
        for (let good = bytes; good < bytes + 8000; good += 50) steps.push(good);
        for (const good of steps) {
          await rm(directory, {recursive: true, force: true});
          await mkdir(directory);
          const files = new FailingFiles(directory);
          const {journal} = await openJournal({files, segmentBytes: 64 << 20});
          await journal.append(entry(0));
          files.good = good;

          const result = await Promise.allSettled([journal.append(longEntry(1, lengths))]);

          const isWhole = result[0].status === 'fulfilled';
          await journal.close().catch(() => undefined);
          const {journal: again, found} = await openJournal({segmentBytes: 64 << 20});
          expect(found).toEqual(isWhole ? numbers(lengths.length + 1) : [0]);
          await again.append(entry(99));
          await again.close();
          expect((await scan()).found).toEqual([...found, 99]);
          seen.add(isWhole);
        }
        expect(seen.size).toBe(2);
      },
    );
  });

  describe('after a power cut', () => {
    test.each([
      ['the whole of it', 0, Infinity],
      ['its beginning', 0, 1],
      ['its middle', 1, 2],
      ['its end', 2, Infinity],
    ])('drops the last write when the disk has lost %s', async (_, from, to) => {
      const {journal} = await openJournal({sync: true});
      await journal.append(entry(0));
      const before = journal.end.position;
      await journal.append(entry(1, 2_000));
      await journal.close();
      const sector = Math.ceil(before / 512) * 512;
      const at = from === 0 ? before : sector + from * 512;
      await loseSectors(await lastSegment(), at, to === Infinity ? to : sector + to * 512);

      const {journal: again, found} = await openJournal();

      expect(found).toEqual([0]);
      await again.append(entry(1));
      await again.close();
      expect((await scan()).found).toEqual([0, 1]);
    });

    test('drops what was written together with what was lost', async () => {
      const {journal} = await openJournal({sync: true});
      await journal.append(entry(0));
      const together = [journal.append(entry(1))];
      together.push(journal.append(entry(2, 2_000)), journal.append(entry(3)));
      await Promise.all(together);
      await journal.close();
      await loseSectors(await lastSegment(), 1_024, 1_536);

      expect((await scan()).found).toEqual([0, 1]);
    });

    test('refuses to open when what was lost had reached the disk', async () => {
      const {journal} = await openJournal({sync: true});
      await journal.append(entry(0, 2_000));
      await journal.append(entry(1));
      await journal.close();
      await loseSectors(await lastSegment(), 512, 1_024);

      await expect(scan()).rejects.toMatchObject(corrupted);
    });

    test('drops what follows on what was lost where no write waits for the disk', async () => {
      const {journal} = await openJournal();
      await journal.append(entry(0));
      await journal.append(entry(1, 2_000));
      await journal.append(entry(2));
      await journal.close();
      await loseSectors(await lastSegment(), 1_024, 1_536);

      expect((await scan()).found).toEqual([0]);
    });
  });

  describe('on a disk that fails', () => {
    test('rejects the entry that did not fit and every later one, and has those before', async () => {
      const files = new FailingFiles(directory);
      const {journal} = await openJournal({files});
      await journal.append(entry(0));
      const {end} = journal;
      const applied: number[] = [];
      // Room for one entry and a half.
      files.good = end.position * 1.5;

      const results = await Promise.allSettled(
        [1, 2, 3].map((number) =>
          journal.append({...entry(number), apply: () => void applied.push(number)}),
        ),
      );

      for (const result of results) {
        expect(result).toMatchObject({status: 'rejected', reason: unusable});
      }
      files.good = Infinity;
      await expect(journal.append(entry(4))).rejects.toMatchObject({
        ...unusable,
        message: expect.stringMatching(/no space left.* Make room/),
      });
      expect(() => journal.assertWritable()).toThrow(expect.objectContaining(unusable));
      expect(applied).toEqual([]);
      expect(journal.end).toEqual(end);
      await journal.close();
      // What was written whole before the failure is there: the outcome of a failed commit is unknown until the next open.
      expect((await scan()).found).toEqual([0, 1]);
    });

    test('rejects an entry that did not reach the disk under sync', async () => {
      const files = new FailingFiles(directory);
      const {journal} = await openJournal({files, sync: true});
      await journal.append(entry(0));
      files.goodSyncs = 0;

      await expect(journal.append(entry(1))).rejects.toMatchObject(unusable);

      expect(journal.end.sequence).toBe(1);
      await journal.close();
    });

    test('rejects what waits when a full file cannot be sealed', async () => {
      const files = new FailingFiles(directory);
      const {journal} = await openJournal({files, segmentBytes: 1});
      await journal.append(entry(0));
      files.goodSyncs = 0;

      await expect(journal.append(entry(1))).rejects.toMatchObject(unusable);

      await journal.close();
      expect((await scan()).found).toEqual([0]);
    });
  });
});
