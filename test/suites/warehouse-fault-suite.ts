import {rejects} from 'node:assert';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {messageOf, RetriableError, TaskError} from '../../src/common/errors.ts';
import type {InsertMode, SinkPartition, WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {sourceOf, topicEnd, topicRows} from '../support/fault-topic.ts';
import type {StatementFaults} from '../support/statement-faults.ts';
import {TopicLoad} from '../support/topic-load.ts';
import {until} from '../support/until.ts';

/** A warehouse behind a stand-in, that cases share: each has a sink and a table of its own. */
export interface FaultyWarehouse {
  /** The stand-in's. */
  readonly faults: StatementFaults;
  /** A sink as of a process that has just started; several are open at a time. It waits for nothing longer than it has to. */
  readonly connect: () => WarehouseSink;
  /** What is committed, in offset order, numbers as numbers; its statements meet no fault. */
  readonly rows: (table: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly close: () => Promise<void>;
}

/** Faults that one process meets and gets over. */
const failures = [
  ['sink check 8: a connection that is reset before', 'reset'],
  ['sink check 6: a connection that is lost behind', 'answer-lost'],
  ['sink check 8: a refusal of', 'fails-before'],
  ['sink check 6: a failure that is told behind', 'fails-after'],
  ['sink check 8: a 503 in place of', 'unavailable'],
  ['sink check 8: a 429 in place of', 'too-many-requests'],
  ['sink check 9: a session that is gone at', 'session-expired'],
] as const;

/** Where the process is killed: another one takes over. */
const kills = [
  ['sink check 3: a kill before', 'hangs-before'],
  ['sink check 3: a kill behind', 'hangs-after'],
] as const;

/**
 * How many statements of the other instance have arrived when a held one goes on; the last is more than it sends. Where it
 * has to wait for the held one, it goes on after the first failure of the other.
 */
const overlaps = [1, 5, Infinity];

/**
 * Tries every statement that a load sends with every fault, and every statement of a writer that has stopped there while
 * another instance took over: at the end, and at each new start, the table is what the topic says up to the watermark.
 * The load has what a sink meets: a rejected row, a new column, a batch without rows, and in upsert mode updates and deletes.
 *
 * Called within the `describe` of an implementation.
 */
export function warehouseFaultSuite(open: () => Promise<FaultyWarehouse>, timeout = 120_000): void {
  let warehouse: FaultyWarehouse;
  let cases = 0;

  beforeAll(async () => {
    warehouse = await open();
  });
  beforeEach(() => warehouse.faults.clear());
  afterAll(() => warehouse.close());

  function newLoad(insertMode: InsertMode): TopicLoad {
    return new TopicLoad(warehouse, insertMode, `sweep_${insertMode}_${cases++}`);
  }

  /** The statements of a load that nothing happens to. */
  async function statements(insertMode: InsertMode): Promise<readonly string[]> {
    await newLoad(insertMode).run();
    const seen = [...warehouse.faults.statements];
    warehouse.faults.clear();
    return seen;
  }

  describe.each(['append', 'upsert'] as const)('loading by %s', (insertMode) => {
    test('needs no second attempt where nothing happens', {timeout}, async () => {
      const load = newLoad(insertMode);

      await load.run();

      expect(load.attempts).toBe(1);
      expect(warehouse.faults.statements.length).toBeGreaterThan(0);
    });

    test.each(failures)('%s any statement is got over', {timeout}, async (_, fault) => {
      const problems: string[] = [];
      for (const [at, sql] of (await statements(insertMode)).entries()) {
        warehouse.faults.arm(fault, at + 1);
        problems.push(...(await problemOf(newLoad(insertMode).run(), at, sql)));
        warehouse.faults.clear();
      }

      expect(problems).toEqual([]);
    });

    test.each(kills)('%s any statement is got over', {timeout}, async (_, fault) => {
      const problems: string[] = [];
      for (const [at, sql] of (await statements(insertMode)).entries()) {
        const load = newLoad(insertMode);
        warehouse.faults.arm(fault, at + 1);
        problems.push(...(await problemOf(load.runUntil(warehouse.faults.whenReached), at, sql)));
        warehouse.faults.clear();
        problems.push(...(await problemOf(load.run(), at, sql)));
      }

      expect(problems).toEqual([]);
    });

    test(
      'sink check 7: another instance takes over from a writer that stands at any statement',
      {timeout},
      async () => {
        const problems: string[] = [];
        for (const [at, sql] of (await statementsOfOneBatch(insertMode)).entries()) {
          for (const overlap of overlaps) {
            problems.push(
              ...(await problemOf(takeOver(newLoad(insertMode), at, overlap), at, sql)),
            );
            warehouse.faults.clear();
          }
        }

        expect(problems).toEqual([]);
      },
    );
  });

  /** The statements of the second batch that a partition is given. */
  async function statementsOfOneBatch(insertMode: InsertMode): Promise<readonly string[]> {
    const load = newLoad(insertMode);
    const partition = await begin(warehouse.connect(), load);
    const {length} = warehouse.faults.statements;
    await writeSecond(partition);
    const seen = warehouse.faults.statements.slice(length);
    warehouse.faults.clear();
    return seen;
  }

  /** A writer is held at the statement `at` of its second batch until another instance has sent `overlap`, or has ended. */
  async function takeOver(load: TopicLoad, at: number, overlap: number): Promise<void> {
    const {faults} = warehouse;
    const stale = await begin(warehouse.connect(), load);
    faults.arm('held', at + 1);
    const writing = settled(writeSecond(stale));
    await faults.whenReached;
    const {length} = faults.statements;
    let isOver = false;
    const taking = load.run().finally(() => {
      isOver = true;
    });
    await Promise.race([
      taking,
      until(
        'the other instance gets on',
        () => isOver || load.attempts > 1 || faults.statements.length >= length + overlap,
      ),
    ]);
    faults.release();
    await Promise.all([writing, taking]);
    // Whatever became of its batch, the partition is no longer its own.
    await rejects(
      stale.write({rows: [], startOffset: topicEnd, nextOffset: topicEnd + 1}),
      (error) => error instanceof TaskError || error instanceof RetriableError,
    );
    await load.expectTable(topicEnd);
  }
}

/** Opens the partition and writes the first batch. */
async function begin(sink: WarehouseSink, {name, insertMode}: TopicLoad): Promise<SinkPartition> {
  const partition = await sink.open(sourceOf(name, insertMode, 0));
  await partition.write({rows: topicRows(insertMode, 0, 2), startOffset: 0, nextOffset: 2});
  return partition;
}

function writeSecond(partition: SinkPartition): Promise<void> {
  return partition.write({rows: topicRows('append', 2, 3), startOffset: 2, nextOffset: 3});
}

/** Resolves in any case; the writer may have been in time. */
async function settled(writing: Promise<void>): Promise<void> {
  await Promise.allSettled([writing]);
}

/** What went wrong, and at which statement; nothing where nothing did. */
async function problemOf(
  running: Promise<void>,
  at: number,
  sql: string,
): Promise<readonly string[]> {
  try {
    await running;
    return [];
  } catch (error) {
    return [`statement ${at + 1}, ${sql.slice(0, 200)}: ${messageOf(error)}`];
  }
}
