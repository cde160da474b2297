import {beforeEach, describe, expect, test} from 'vitest';
import {FatalError, RetriableError} from '../../src/common/errors.ts';
import {UnreadableRecordError} from '../../src/serde/serde.ts';
import {BatchWriter} from '../../src/sinks/batch-writer.ts';
import type {BatchWriterOptions} from '../../src/sinks/batch-writer.ts';
import type {DeadLetterQueue} from '../../src/sinks/dead-letter-queue.ts';
import type {SinkEntry} from '../../src/sinks/record-converter.ts';
import type {SinkBatch, SinkPartition, SinkSource} from '../../src/sinks/warehouse-sink.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {RecordedMetrics} from '../support/recorded-metrics.ts';

const source: SinkSource = {
  sink: 'local',
  topic: 'orders',
  topicId: 'topic-1',
  partition: 0,
  table: {name: 'orders', columns: [{name: 'n', type: {kind: 'BIGINT'}, from: 'value'}]},
  insertMode: 'upsert',
  autoCreate: true,
  autoEvolve: 'evolve',
};

function row(offset: number, value: string | null = '{"n":1}', key = `k${offset}`): SinkEntry {
  const bytes = value === null ? null : Buffer.from(value);
  const record = {offset, key: Buffer.from(key), value: bytes, timestamp: offset, headers: []};
  return {kind: 'row', offset, bytes: 8, key, value: bytes, timestamp: offset, record};
}

const bad = (offset: number): SinkEntry => row(offset, '{"n":"x"}');

function unreadable(offset: number): SinkEntry {
  const record = {offset, key: null, value: null, timestamp: offset, headers: []};
  const error = new UnreadableRecordError('no key');
  return {kind: 'unreadable', offset, bytes: 0, side: 'key', error, record};
}

const tombstone = (offset: number): SinkEntry => ({kind: 'tombstone', offset, bytes: 4});

describe('BatchWriter', () => {
  let warehouse: MemoryWarehouse;
  let partition: SinkPartition;
  let metrics: RecordedMetrics;
  let clock: ManualClock;
  /** What was tried and what was kept, in order: offsets of a write, or kind and offset of a dead letter. */
  let log: unknown[];
  let watermarks: [nextOffset: number, rows: number][];
  let beforeWrite: (batch: SinkBatch) => void;

  beforeEach(async () => {
    warehouse = new MemoryWarehouse();
    metrics = new RecordedMetrics();
    clock = new ManualClock(10_000);
    log = [];
    watermarks = [];
    beforeWrite = () => undefined;
    const faults = {
      beforeWrite: (batch: SinkBatch) => {
        log.push(batch.rows.map(({offset}) => offset));
        beforeWrite(batch);
      },
    };
    partition = await new MemorySink(warehouse, faults).open(source);
  });

  function writer(rest: Partial<BatchWriterOptions> = {}): BatchWriter {
    const deadLetters = {
      write: async (kind: string, letters: readonly {record: {offset: number}}[]) => {
        for (const {record} of letters) log.push([kind, record.offset]);
        return letters.length;
      },
    } as unknown as DeadLetterQueue;
    return new BatchWriter(partition, {
      source,
      tolerance: 'all',
      deadLetters,
      clock,
      metrics,
      onWritten: (nextOffset, rows) => watermarks.push([nextOffset, rows]),
      ...rest,
    });
  }

  const offsets = (): readonly unknown[] => warehouse.rows('orders').map(({_offset}) => _offset);
  const skipped = (): number =>
    metrics.counter('millrace_skipped_records_total', {topic: 'orders'});
  const tombstones = (): number =>
    metrics.counter('millrace_sink_skipped_tombstones_total', {sink: 'local', topic: 'orders'});
  const rows = (): number =>
    metrics.counter('millrace_sink_rows_total', {sink: 'local', topic: 'orders'});

  test('writes the rows of a batch at once', async () => {
    await writer().write({entries: [row(3), row(4)], startOffset: 3, nextOffset: 9});

    expect(log).toEqual([[3, 4]]);
    expect(watermarks).toEqual([[9, 2]]);
    expect(rows()).toBe(2);
  });

  test('moves the watermark of a batch without rows', async () => {
    await writer().write({entries: [tombstone(3)], startOffset: 3, nextOffset: 4});

    expect(watermarks).toEqual([[4, 0]]);
    expect(tombstones()).toBe(1);
    expect(skipped()).toBe(0);
  });

  test('observes from the time of each record until the commit, equal times together', async () => {
    const entries = [row(0), row(1), row(2)].map((entry, at) => ({
      ...entry,
      timestamp: at < 2 ? 9_000 : 9_500,
    }));
    beforeWrite = () => clock.advance(250);

    await writer().write({entries, startOffset: 0, nextOffset: 3});

    const labels = {sink: 'local'};
    expect(metrics.observations('millrace_end_to_end_latency_seconds', labels)).toEqual([
      [1.25, 2],
      [0.75, 1],
    ]);
  });

  test('commits the letters of unreadable records before it writes', async () => {
    const entries = [row(0), unreadable(1), row(2), unreadable(3)];

    await writer().write({entries, startOffset: 0, nextOffset: 4});

    expect(log).toEqual([
      ['unreadable', 1],
      ['unreadable', 3],
      [0, 2],
    ]);
    const from = {component: 'sink local', topic: 'orders'};
    expect(metrics.counter('millrace_dead_letters_total', from)).toBe(2);
    expect(skipped()).toBe(2);
    expect(rows()).toBe(2);
  });

  test('brings the watermark to a rejected row, then commits its letter, then goes on', async () => {
    const entries = [row(0), row(1), bad(2), row(3)];

    await writer().write({entries, startOffset: 0, nextOffset: 5});

    expect(log).toEqual([[0, 1, 2, 3], [0, 1], [2], ['rejected', 2], [3]]);
    expect(watermarks).toEqual([
      [2, 2],
      [5, 1],
    ]);
    expect(offsets()).toEqual([0, 1, 3]);
    expect(skipped()).toBe(1);
  });

  test.each([
    ['first', [bad(0), row(1)], [1]],
    ['last', [row(0), bad(1)], [0]],
    ['only', [bad(0)], []],
    ['all', [bad(0), bad(1), bad(2)], []],
  ])('skips rejected rows that are the %s', async (_, entries, kept) => {
    await writer().write({entries, startOffset: 0, nextOffset: 7});

    expect(offsets()).toEqual(kept);
    expect(watermarks.at(-1)?.[0]).toBe(7);
    expect(skipped()).toBe(entries.length - kept.length);
  });

  test('tries few rows after a rejection, and ever more', async () => {
    const entries = [bad(0), ...Array.from({length: 20}, (_, i) => row(i + 1))];

    await writer().write({entries, startOffset: 0, nextOffset: 21});

    const sizes = log.filter((line) => typeof (line as unknown[])[0] === 'number');
    expect(sizes.map((line) => (line as unknown[]).length)).toEqual([21, 1, 4, 15]);
  });

  test('skips an older row too that is rejected once the newer one of its key has left the part', async () => {
    const entries = [row(0, '{"n":"x"}', 'a'), row(1, '{"n":"y"}', 'b'), row(2, '{"n":2}', 'a')];

    await writer().write({entries, startOffset: 0, nextOffset: 3});

    expect(offsets()).toEqual([2]);
    expect(log.filter((line) => (line as unknown[])[0] === 'rejected')).toEqual([
      ['rejected', 0],
      ['rejected', 1],
    ]);
    expect(skipped()).toBe(2);
  });

  test('stops at an unreadable record under none, with everything before it written and its letter kept', async () => {
    const writing = writer({tolerance: 'none'}).write({
      entries: [row(0), unreadable(1), row(2)],
      startOffset: 0,
      nextOffset: 3,
    });

    await expect(writing).rejects.toMatchObject({code: 'RECORD_UNREADABLE'});
    expect(log).toEqual([[0], ['unreadable', 1]]);
    expect(watermarks).toEqual([[1, 1]]);
  });

  test('stops at a rejected row under none, with everything before it written and its letter kept', async () => {
    const writing = writer({tolerance: 'none'}).write({
      entries: [row(0), bad(1), row(2)],
      startOffset: 0,
      nextOffset: 3,
    });

    await expect(writing).rejects.toBeInstanceOf(FatalError);
    await expect(writing).rejects.toMatchObject({
      code: 'RECORD_UNREADABLE',
      message: expect.stringMatching(/orders-0@1: .*n is "x"/) as string,
    });
    expect(offsets()).toEqual([0]);
    expect(watermarks).toEqual([[1, 1]]);
    expect(skipped()).toBe(0);
    expect(log.at(-1)).toEqual(['rejected', 1]);
  });

  test('counts what is skipped also where it is kept nowhere', async () => {
    const entries = [unreadable(0), bad(1), row(2)];

    await writer({deadLetters: undefined}).write({entries, startOffset: 0, nextOffset: 3});

    expect(skipped()).toBe(2);
    expect(offsets()).toEqual([2]);
  });

  test('counts only what the watermark has passed when the warehouse fails in between', async () => {
    const entries = [tombstone(0), unreadable(1), bad(2), row(3), unreadable(4), row(5)];
    beforeWrite = ({rows: [first]}) => {
      if (first?.offset === 5) throw new RetriableError('SINK_UNREACHABLE', 'gone');
    };

    const writing = writer().write({entries, startOffset: 0, nextOffset: 6});

    await expect(writing).rejects.toMatchObject({code: 'SINK_UNREACHABLE'});
    expect(watermarks).toEqual([[5, 1]]);
    expect([tombstones(), skipped(), rows()]).toEqual([1, 3, 1]);
  });

  test('sink check 18: does not write when the letters cannot be', async () => {
    const deadLetters = {
      write: () => Promise.reject(new RetriableError('KAFKA_UNREACHABLE', 'gone')),
    } as unknown as DeadLetterQueue;
    const entries = [row(0), unreadable(1)];

    const writing = writer({deadLetters}).write({entries, startOffset: 0, nextOffset: 2});

    await expect(writing).rejects.toMatchObject({code: 'KAFKA_UNREACHABLE'});
    expect(watermarks).toEqual([]);
  });
});
