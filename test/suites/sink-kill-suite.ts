import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {ProducerRecord} from '../../src/kafka/client.ts';
import type {InsertMode} from '../../src/sinks/warehouse-sink.ts';
import {SinkHarness, orders} from '../sinks/sink-harness.ts';
import {ChildProcess} from '../support/child-process.ts';
import {compileScript} from '../support/compiled-script.ts';
import type {SinkRunnerSettings} from '../support/processes/sink-runner.ts';
import {Random} from '../support/random.ts';
import type {StatementFault, StatementFaults} from '../support/statement-faults.ts';
import {until} from '../support/until.ts';

/** A warehouse's stand-in in this process, for sinks in another one. */
export interface RemoteWarehouse {
  /** The stand-in's. */
  readonly faults: StatementFaults;
  readonly settings: SinkRunnerSettings['warehouse'];
  /** What is committed, in offset order. */
  readonly rows: (table: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly close: () => Promise<void>;
}

const KILLS = 20;
const PARTITIONS = [0, 1] as const;
/** Of each partition; there are two, and two modes. */
const RECORDS = 3000;
/** Orders that change again and again, of each partition. */
const ORDERS = 400;

/** What a process meets on its way to its end. */
const troubles: readonly StatementFault[] = [
  'reset',
  'answer-lost',
  'fails-before',
  'fails-after',
  'unavailable',
  'too-many-requests',
  'session-expired',
];

/** What becomes of the statement that is under way when the process is killed: nothing, or it runs, at once or later. */
const ends = ['hangs-before', 'hangs-after', 'held'] as const;

interface Order {
  readonly key: string;
  readonly offset: number;
  readonly partition: number;
  readonly kind: 'row' | 'tombstone' | 'unreadable' | 'rejected';
}

/** An order's record by its offset. Those that make no row have keys of their own. */
function orderAt(partition: number, offset: number): Order {
  const bad = offset % 1000 === 177 ? 'unreadable' : offset % 1000 === 611 ? 'rejected' : undefined;
  if (bad !== undefined)
    return {key: `${bad}-${partition}-${offset}`, offset, partition, kind: bad};
  const key = `order-${partition}-${(offset * 31) % ORDERS}`;
  return {key, offset, partition, kind: offset % 9 === 4 ? 'tombstone' : 'row'};
}

function ordersOf(partition: number): readonly Order[] {
  return Array.from({length: RECORDS}, (_, offset) => orderAt(partition, offset));
}

function recordOf(harness: SinkHarness, {key, offset, kind}: Order): ProducerRecord {
  const record = harness.record(
    key,
    kind === 'tombstone' ? null : {size: 'M', count: BigInt(offset)},
  );
  if (kind === 'unreadable') return {...record, value: Buffer.from('{"plain":"JSON"}')};
  if (kind === 'rejected') return {...record, value: Buffer.from('\0\0\0\0\x01{"count":"many"}')};
  return record;
}

/** What the table holds in the end, by the topic alone: order, count, partition and offset. */
function expectedRows(mode: InsertMode): readonly string[] {
  return PARTITIONS.flatMap((partition) => {
    const good = ordersOf(partition).filter(({kind}) => kind === 'row' || kind === 'tombstone');
    const kept = new Map(
      good.map((order) => [mode === 'append' ? order.offset : order.key, order]),
    );
    return [...kept.values()].filter(({kind}) => kind === 'row');
  })
    .map(({key, offset, partition}) => `${key} ${offset} ${partition} ${offset}`)
    .toSorted();
}

function expectedLetters(): readonly string[] {
  return PARTITIONS.flatMap(ordersOf)
    .filter(({kind}) => kind === 'unreadable' || kind === 'rejected')
    .map(({key}) => JSON.stringify(key))
    .toSorted();
}

/**
 * A connector in a process of its own that is killed again and again (`kill -9`), while members of its group come and go and
 * the warehouse has troubles: in the end tables and dead letter topics are what the topic says, whatever died when.
 *
 * Called within the `describe` of an implementation.
 */
export function sinkKillSuite(open: () => Promise<RemoteWarehouse>): void {
  let root: string;
  let warehouse: RemoteWarehouse;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'millrace-sink-kill-'));
    warehouse = await open();
  }, 60_000);
  afterAll(async () => {
    await warehouse.close();
    rmSync(root, {recursive: true, force: true});
  });

  /** The table's rows as {@link expectedRows} has them. */
  async function rowsOf(mode: InsertMode): Promise<readonly string[]> {
    const rows = await warehouse.rows(`orders_${mode}`);
    return rows
      .map(
        ({order_id: key, count, partition, _offset: offset}) =>
          `${String(key)} ${String(count)} ${String(partition)} ${String(offset)}`,
      )
      .toSorted();
  }

  test(
    'sink checks 3, 24: has each record once, and each dead letter, when its process is killed at twenty moments, members come and go and the warehouse does not answer for a while',
    {timeout: 600_000},
    async () => {
      const script = await compileScript('sink-runner', root);
      const directory = join(root, 'log');
      await fill(directory);
      const random = new Random(7);
      const start = (seed: number): ChildProcess =>
        new ChildProcess(script, [
          JSON.stringify({warehouse: warehouse.settings, directory, seed, end: RECORDS}),
        ]);
      const seen: string[] = [];
      let kills = 0;
      const {faults} = warehouse;
      for (let round = 0; round < KILLS; round++) {
        const child = start(round);
        // A statement of the process before may run only now, while this one takes over.
        const {length} = faults.statements;
        const enough = length + 1 + random.below(20);
        const sends = until('it sends statements', () => faults.statements.length >= enough);
        await Promise.race([sends, child.end()]);
        faults.clear();
        if (round === 5) faults.arm('unavailable', 5, 32);
        else if (random.chance(0.7))
          faults.arm(random.pick(troubles), 1 + random.below(30), 1 + random.below(3));
        faults.arm(random.pick(ends), 5 + random.below(45));
        const done = child.when('it is done', isDone);
        // Once it is killed it never will be.
        done.catch(() => undefined);
        await Promise.race([faults.whenReached, done]);
        kills += isDone(child.lines) ? 0 : 1;
        await child.kill();
        seen.push(...child.lines);
      }
      expect(kills).toBe(KILLS);
      faults.clear();
      const last = start(KILLS);
      await last.when('it is done', isDone);
      await last.kill();
      seen.push(...last.lines);

      for (const mode of ['append', 'upsert'] as const)
        expect(await rowsOf(mode), mode).toEqual(expectedRows(mode));
      expect(await lettersIn(directory)).toEqual({
        append: expectedLetters(),
        upsert: expectedLetters(),
      });
      expect(seen).not.toContain('failed');
      expect(seen.some((line) => line.startsWith('SINK_UNREACHABLE '))).toBe(true);
    },
  );
}

function isDone(lines: readonly string[]): boolean {
  return lines.includes('done');
}

/** Writes the topic, as the pipeline would have. */
async function fill(directory: string): Promise<void> {
  const harness = await SinkHarness.open(PARTITIONS.length, directory);
  for (const partition of PARTITIONS) {
    const records = ordersOf(partition).map((order) => recordOf(harness, order));
    // Without markers in between the offsets are those of the records.
    await harness.produce(records, {topic: orders.name, partition});
  }
  await harness.kafka.close();
}

/** The keys of the letters that were written for each mode. */
async function lettersIn(directory: string) {
  const harness = await SinkHarness.open(PARTITIONS.length, directory);
  const keysOf = async (topic: string): Promise<readonly string[]> =>
    (await harness.read(topic)).map(({key}) => String(key)).toSorted();
  try {
    return {append: await keysOf('letters_append'), upsert: await keysOf('letters_upsert')};
  } finally {
    await harness.close();
  }
}
