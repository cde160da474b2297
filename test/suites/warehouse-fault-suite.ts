import {rejects} from 'node:assert';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {messageOf, RetriableError, TaskError} from '../../src/common/errors.ts';
import type {InsertMode, SinkPartition, WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {batchEnds, sourceOf, topicEnd, topicRows} from '../support/fault-topic.ts';
import type {StatementFault, StatementFaults} from '../support/statement-faults.ts';
import {StatementPlaces} from '../support/statement-places.ts';
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

export interface FaultSuiteOptions {
  /** How a statement of a writer can stand still. Default: `held`. */
  readonly stalls?: readonly StatementFault[];
  /** Milliseconds that one test may take. */
  readonly timeout?: number;
}

/**
 * Tries a load's statements with every fault, and every statement of a writer that has stopped there while another instance
 * took over: at the end, and at each new start, the table is what the topic says up to the watermark. The load has what a
 * sink meets: a rejected row, a new column, a batch without rows, and in upsert mode updates and deletes.
 *
 * Each statement fails once in each of its places: behind each statement that it comes behind.
 *
 * Called within the `describe` of an implementation.
 */
export function warehouseFaultSuite(
  open: () => Promise<FaultyWarehouse>,
  {stalls = ['held'], timeout = 120_000}: FaultSuiteOptions = {},
): void {
  let warehouse: FaultyWarehouse;
  let cases = 0;

  beforeAll(async () => {
    warehouse = await open();
  }, timeout);
  beforeEach(() => warehouse.faults.clear());
  afterAll(() => warehouse.close(), timeout);

  function newLoad(insertMode: InsertMode): TopicLoad {
    return new TopicLoad(warehouse, insertMode, `sweep_${insertMode}_${cases++}`);
  }

  describe.each(['append', 'upsert'] as const)('loading by %s', (insertMode) => {
    /** The statements of a load that nothing happens to. */
    let statements: readonly string[];
    beforeAll(async () => {
      // The first load makes what all of them share.
      await newLoad(insertMode).run();
      warehouse.faults.clear();
      await newLoad(insertMode).run();
      statements = [...warehouse.faults.statements];
    }, timeout);

    test('needs no second attempt where nothing happens', {timeout}, async () => {
      const load = newLoad(insertMode);

      await load.run();

      expect(load.attempts).toBe(1);
      expect(statements.length).toBeGreaterThan(0);
    });

    test.each(failures)('%s any statement is got over', {timeout}, async (_, fault) => {
      const problems = await forEachPlace(statements, async (places) => {
        warehouse.faults.arm(fault, (sql) => places.isNew(sql), Infinity);
        await newLoad(insertMode).run({maxAttempts: 10 * statements.length});
      });

      expect(problems).toEqual([]);
    });

    test.each(kills)('%s any statement is got over', {timeout}, async (_, fault) => {
      const problems = await forEachPlace(statements, async (places) => {
        const load = newLoad(insertMode);
        for (let isKilled = true; isKilled;) {
          warehouse.faults.arm(fault, (sql) => places.isNew(sql));
          isKilled = await load.runUntil(warehouse.faults.whenReached);
          warehouse.faults.clear();
          places.restart();
        }
        await load.expectTable(topicEnd);
      });

      expect(problems).toEqual([]);
    });

    test.each(stalls)(
      'sink check 7: another instance takes over from a writer that stands at any statement (%s)',
      {timeout},
      async (stall) => {
        const problems: string[] = [];
        for (const [index, sql] of (await statementsOfOneBatch(insertMode)).entries())
          for (const overlap of overlaps) {
            const load = newLoad(insertMode);
            await takeOver(load, {at: index + 1, overlap, stall}).catch((error: unknown) =>
              problems.push(problemAt(sql, error)),
            );
            warehouse.faults.clear();
          }

        expect(problems).toEqual([]);
      },
    );
  });

  /**
   * Calls `load` until each place of `statements` has met its fault, as some are reached by a load that was not disturbed
   * before; returns what went wrong.
   */
  async function forEachPlace(
    statements: readonly string[],
    load: (places: StatementPlaces) => Promise<void>,
  ): Promise<readonly string[]> {
    const places = new StatementPlaces();
    for (let missing = Infinity; missing > 0;) {
      const before = missing;
      try {
        await load(places);
      } catch (error) {
        return [problemAt(places.last, error)];
      }
      warehouse.faults.clear();
      places.restart();
      missing = places.missing(statements);
      if (missing === before) return [`${missing} statements have met no fault`];
    }
    return [];
  }

  /** The statements of the second batch that a partition is given. */
  async function statementsOfOneBatch(insertMode: InsertMode): Promise<readonly string[]> {
    const load = newLoad(insertMode);
    const sink = warehouse.connect();
    const partition = await begin(sink, load);
    const {length} = warehouse.faults.statements;
    await writeSecond(partition, insertMode);
    const sent = warehouse.faults.statements.slice(length);
    warehouse.faults.clear();
    await sink.close();
    return sent;
  }

  /** A writer stands at a statement of its second batch until another instance has sent `overlap`, or has ended. */
  async function takeOver(
    load: TopicLoad,
    {
      at,
      overlap,
      stall,
    }: {readonly at: number; readonly overlap: number; readonly stall: StatementFault},
  ): Promise<void> {
    const {faults} = warehouse;
    const sink = warehouse.connect();
    const stale = await begin(sink, load);
    faults.arm(stall, at);
    const writing = settled(writeSecond(stale, load.insertMode));
    // What is done beside the batch may come a little later, or not at all.
    await Promise.race([faults.whenReached, writing]);
    const {length} = faults.statements;
    let isOver = false;
    const taking = load.run({end: takenOverTo}).finally(() => {
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
    // Whatever became of its batch, and wherever it believes to stand, the partition is no longer its own.
    for (const startOffset of [2, 4]) {
      const late = {key: 'late', value: Buffer.from('{"size":"late"}'), timestamp: 0};
      await rejects(
        stale.write({
          rows: [{...late, offset: startOffset}],
          startOffset,
          nextOffset: startOffset + 1,
        }),
        (error) => error instanceof TaskError || error instanceof RetriableError,
      );
    }
    await load.expectTable(takenOverTo);
    await sink.close();
  }
}

/** Where the other instance stops. */
const takenOverTo = batchEnds[1];

/** Opens the partition and writes the first batch. */
async function begin(sink: WarehouseSink, {name, insertMode}: TopicLoad): Promise<SinkPartition> {
  const partition = await sink.open(sourceOf(name, insertMode, 0));
  await partition.write({rows: topicRows(insertMode, 0, 2), startOffset: 0, nextOffset: 2});
  return partition;
}

function writeSecond(partition: SinkPartition, insertMode: InsertMode): Promise<void> {
  return partition.write({rows: topicRows(insertMode, 2, 4), startOffset: 2, nextOffset: 4});
}

/** Resolves in any case; the writer may have been in time. */
async function settled(writing: Promise<void>): Promise<void> {
  await Promise.allSettled([writing]);
}

/** What went wrong, and behind a fault at which statement. */
function problemAt(sql: string, error: unknown): string {
  return `${sql.slice(0, 300)}: ${messageOf(error)}`;
}
