import {deepStrictEqual, strictEqual} from 'node:assert';
import {systemClock} from '../../src/common/clock.ts';
import {RetriableError, TaskError} from '../../src/common/errors.ts';
import {BatchWriter} from '../../src/sinks/batch-writer.ts';
import type {RowEntry} from '../../src/sinks/record-converter.ts';
import type {InsertMode, SinkPartition, WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {batchEnds, expectedTable, sourceOf, topicEnd, topicRows, widerFrom} from './fault-topic.ts';
import {noMetrics} from './no-metrics.ts';

interface LoadedWarehouse {
  readonly connect: () => WarehouseSink;
  readonly rows: (table: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** A failure that comes again this often is not the one that was injected. */
const MAX_ATTEMPTS = 6;

export interface LoadOptions {
  /** How often the partition may be opened. Default: 6. */
  readonly maxAttempts?: number;
  /** The watermark to stop at. Default: the topic's end. */
  readonly end?: number;
}

/** Brings the topic of `fault-topic.ts` into a table of its own, as a sink's task does: from the watermark, after a failure again. */
export class TopicLoad {
  readonly name: string;
  readonly insertMode: InsertMode;
  /** Times that the partition was opened to write from its watermark. */
  attempts = 0;
  readonly #warehouse: LoadedWarehouse;

  constructor(warehouse: LoadedWarehouse, insertMode: InsertMode, name: string) {
    this.#warehouse = warehouse;
    this.insertMode = insertMode;
    this.name = name;
  }

  /** Loads what is missing with one sink, which stays the same after a failure. */
  async run(options: LoadOptions = {}): Promise<void> {
    const {end = topicEnd} = options;
    const sink = this.#warehouse.connect();
    try {
      await this.#load(sink, options);
      await this.expectTable(end);
    } finally {
      await sink.close();
    }
  }

  /** The same, until `killed`: then what it has under way is left as it is, and nothing is closed. Whether it was. */
  async runUntil(killed: Promise<void>): Promise<boolean> {
    const sink = this.#warehouse.connect();
    const loading = this.#load(sink, {});
    // It may still fail when the process is long dead.
    loading.catch(() => undefined);
    const isKilled = await Promise.race([loading.then(() => false), killed.then(() => true)]);
    if (!isKilled) await sink.close();
    return isKilled;
  }

  /** Throws unless the table has what the topic says up to `end`, each row once. */
  async expectTable(end: number): Promise<void> {
    const rows = await this.#warehouse.rows(this.name);
    const found = rows.map(({_offset, size, count, colour = null}) => ({
      _offset,
      size,
      count,
      colour,
    }));
    deepStrictEqual(found, expectedTable(this.insertMode, end));
  }

  async #load(
    sink: WarehouseSink,
    {maxAttempts = MAX_ATTEMPTS, end = topicEnd}: LoadOptions,
  ): Promise<void> {
    for (this.attempts = 1; ; this.attempts++) {
      try {
        return await this.#attempt(sink, end);
      } catch (error) {
        const isRetried = error instanceof RetriableError || error instanceof TaskError;
        if (!isRetried || this.attempts === maxAttempts) throw error;
      }
    }
  }

  async #attempt(sink: WarehouseSink, last: number): Promise<void> {
    let partition = await sink.open(sourceOf(this.name, this.insertMode, 0));
    try {
      let at = partition.nextOffset ?? 0;
      await this.expectTable(at);
      let isWide = false;
      for (const end of batchEnds.filter((offset) => offset > at && offset <= last)) {
        if (end > widerFrom && !isWide) {
          isWide = true;
          await partition.close();
          partition = await sink.open(sourceOf(this.name, this.insertMode, widerFrom));
          strictEqual(partition.nextOffset ?? 0, at);
        }
        await this.#write(partition, at, end);
        at = end;
      }
    } finally {
      await partition.close();
    }
  }

  /** Past the row that is rejected. */
  async #write(partition: SinkPartition, startOffset: number, nextOffset: number): Promise<void> {
    const writer = new BatchWriter(partition, {
      source: sourceOf(this.name, this.insertMode, startOffset),
      tolerance: 'all',
      deadLetters: undefined,
      clock: systemClock,
      metrics: noMetrics,
      onWritten: () => undefined,
    });
    const entries = topicRows(this.insertMode, startOffset, nextOffset).map((row): RowEntry => {
      const {offset, key, value, timestamp} = row;
      const record = {
        offset,
        key: key === null ? null : Buffer.from(key),
        value,
        timestamp,
        headers: [],
      };
      return {...row, kind: 'row', bytes: 1, record};
    });
    await writer.write({entries, startOffset, nextOffset});
  }
}
