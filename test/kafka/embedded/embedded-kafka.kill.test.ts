import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {ChildProcess} from '../../support/child-process.ts';
import {compileScript} from '../../support/compiled-script.ts';
import {isAborted, keysOf, recordsOf} from '../../support/numbered-transactions.ts';
import {Random} from '../../support/random.ts';
import {CrashableLog} from './crashable-log.ts';

let root: string;
let script: string;
let directory: string;
let log = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
  script = await compileScript('log-writer', root);
});
afterAll(() => rm(root, {recursive: true, force: true}));
beforeEach(() => {
  directory = join(root, `log-${++log}`);
});

/** The numbers that the lines report as committed. */
function reportedIn(lines: readonly string[]): number[] {
  return lines.filter((line) => /^\d+$/.test(line)).map(Number);
}

interface Found {
  /** The transactions in each partition of `events`: a number for each record. */
  readonly events: readonly (readonly number[])[];
  readonly offsets: readonly (readonly number[])[];
  /** The newest value of each key in `table`. */
  readonly table: ReadonlyMap<string, string>;
  readonly groupOffset: number;
}

async function read(opened: CrashableLog): Promise<Found> {
  const partitions = [await opened.read('events', 0), await opened.read('events', 1)];
  const table = new Map<string, string>();
  for (const {key, value} of await opened.read('table')) {
    const text = value?.subarray(0, 20).toString().split(' ')[0];
    if (text === undefined) table.delete(String(key));
    else table.set(String(key), text);
  }
  const position = {topic: 'events', partition: 0};
  const [groupOffset] = await opened.client.admin.committedOffsets('group', [position]);
  return {
    events: partitions.map((records) => records.map(({key}) => Number.parseInt(String(key), 10))),
    offsets: partitions.map((records) => records.map(({offset}) => offset)),
    table,
    groupOffset: groupOffset ?? -1,
  };
}

/** What the log holds once exactly these transactions are committed. */
function expectedOf(committed: readonly number[]): Omit<Found, 'offsets'> {
  const events = committed.flatMap((n) => Array.from({length: recordsOf(n)}, () => n));
  const table = new Map<string, string>();
  for (const number of committed) {
    const [put, deleted] = keysOf(number);
    table.delete(deleted);
    table.set(put, String(number));
    if (number % 50 === 10) table.set('big', String(number));
  }
  return {events: [events, events], table, groupOffset: committed.at(-1) ?? -1};
}

const isAscending = (offsets: readonly number[]): boolean =>
  offsets.every((offset, i) => i === 0 || offset > (offsets[i - 1] as number));

describe('EmbeddedKafka', () => {
  test(
    'has every transaction that it reported, whole and once, when it is killed at any moment',
    {timeout: 60_000},
    async () => {
      const random = new Random(7);
      let committed: number[] = [];
      let next = 1;
      for (let round = 0; round < 16; round++) {
        const child = new ChildProcess(script, [directory, String(next)]);
        // Every third time while it opens what the one before has left.
        const lines = round % 3 === 2 ? 1 : 2 + random.below(45);
        await child.when(`it wrote ${lines} lines`, (written) => written.length >= lines);
        await child.kill();

        const opened = await CrashableLog.open(directory);
        const found = await read(opened);
        const reported = [...committed, ...reportedIn(child.lines)];
        // The last one may be committed without having been reported.
        const last = (reported.at(-1) ?? 0) + 1;
        const unreported = isAborted(last) ? last + 1 : last;
        const isThere = found.events[0]?.at(-1) === unreported;
        committed = isThere ? [...reported, unreported] : reported;
        const {offsets, ...contents} = found;
        expect(contents).toEqual(expectedOf(committed));
        expect(offsets.every(isAscending)).toBe(true);
        next = (committed.at(-1) ?? 0) + 1;
        await opened.close();
      }
      expect(committed.length).toBeGreaterThan(150);
    },
  );

  test(
    'stops writing when the disk is full, and has what it reported',
    {timeout: 20_000},
    async () => {
      const child = new ChildProcess(script, [directory, '1'], {maxFileBytes: 48 << 10});

      await child.end();

      expect(child.lines.at(-1)).toBe('FatalError DATA_DIR_UNUSABLE');
      const reported = reportedIn(child.lines);
      expect(reported.length).toBeGreaterThan(5);
      const opened = await CrashableLog.open(directory);
      const found = await read(opened);
      const {offsets: _, ...contents} = found;
      const committed = [
        ...reported,
        ...found.events[0]!.filter((n) => n > reported.at(-1)!).slice(0, 1),
      ];
      expect(contents).toEqual(expectedOf(committed));
      await opened.close();
    },
  );
});
