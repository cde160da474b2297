import type {Clock} from '../common/clock.ts';
import {FatalError} from '../common/errors.ts';
import type {Metrics} from '../common/metrics.ts';
import type {ConsumedRecord, FetchedPartition, KafkaClient} from '../kafka/client.ts';
import type {Deserializer} from '../serde/serde.ts';
import {RejectedRowError} from './warehouse-sink.ts';
import type {SinkPartition, SinkRow, SinkSource, WarehouseSink} from './warehouse-sink.ts';

export interface SinkTaskOptions {
  readonly source: SinkSource;
  readonly key: Deserializer<unknown>;
  /** Bytes before the JSON of a value: 5 under JSON_SR. */
  readonly valueHeaderBytes: number;
  readonly limits: BatchLimits;
  readonly kafka: KafkaClient;
  readonly sink: WarehouseSink;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface BatchLimits {
  readonly batchSize: number;
  readonly bufferBytes: number;
  readonly lingerMs: number;
}

const IDLE_POLL_MS = 1000;

/**
 * One topic partition on its way into one table, from the warehouse's own watermark on.
 *
 * Reads no further while a batch is being written; what arrives meanwhile makes the next batch, so batches grow with
 * the load and memory stays bounded.
 */
export class SinkTask {
  readonly #options: SinkTaskOptions;
  #rowsWritten = 0;
  #nextOffset: number | undefined;
  #end = 0;

  constructor(options: SinkTaskOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts or a write fails. */
  async run(signal: AbortSignal): Promise<void> {
    const {sink, source, kafka, limits} = this.#options;
    const {topic, partition} = source;
    const open = await sink.open(source);
    const fetcher = kafka.fetcher({
      isolation: 'read_committed',
      maxPartitionBytes: limits.bufferBytes,
    });
    try {
      let startOffset = open.nextOffset ?? (await this.#earliest());
      this.#nextOffset = startOffset;
      fetcher.assign({topic, partition}, startOffset);
      while (!signal.aborted) {
        const answers = [...(await fetcher.poll(IDLE_POLL_MS, signal))];
        const deadline = this.#options.clock.now() + limits.lingerMs;
        while (answers.length > 0 && !isFull(answers, limits) && !signal.aborted) {
          const left = deadline - this.#options.clock.now();
          if (left <= 0) break;
          answers.push(...(await fetcher.poll(left, signal)));
        }
        const last = answers.at(-1);
        if (last === undefined) continue;
        this.#end = last.lastStableOffset;
        if (last.position === startOffset) continue;
        await this.#write(
          open,
          answers.flatMap(({records}) => records),
          startOffset,
          last.position,
        );
        startOffset = last.position;
        this.#nextOffset = startOffset;
      }
    } finally {
      await fetcher.close();
      await open.close();
    }
  }

  status(): {
    readonly nextOffset: number | undefined;
    readonly rowsWritten: number;
    readonly lag: number;
  } {
    return {
      nextOffset: this.#nextOffset,
      rowsWritten: this.#rowsWritten,
      lag: Math.max(0, this.#end - (this.#nextOffset ?? 0)),
    };
  }

  async #earliest(): Promise<number> {
    const {topic, partition} = this.#options.source;
    const [offsets] = await this.#options.kafka.admin.offsets([{topic, partition}]);
    return offsets?.earliest ?? 0;
  }

  async #write(
    open: SinkPartition,
    records: readonly ConsumedRecord[],
    startOffset: number,
    nextOffset: number,
  ): Promise<void> {
    const {source, limits, metrics, clock} = this.#options;
    const labels = {sink: source.sink, topic: source.topic};
    const rows = records
      .map((record) => this.#row(record))
      .filter(({value}) => value !== null || source.insertMode === 'upsert');
    let from = startOffset;
    for (let at = 0; at === 0 || at < rows.length; at += limits.batchSize) {
      const part = rows.slice(at, at + limits.batchSize);
      const isLast = at + limits.batchSize >= rows.length;
      const next = isLast ? nextOffset : (part.at(-1) as SinkRow).offset + 1;
      try {
        await open.write({rows: part, startOffset: from, nextOffset: next});
      } catch (error) {
        if (error instanceof RejectedRowError) throw this.#unreadable(error.offset, error.message);
        throw error;
      }
      from = next;
      this.#rowsWritten += part.length;
      metrics.count('millrace_sink_rows_total', labels, part.length);
      metrics.count('millrace_sink_batches_total', labels);
      this.#observeLatency(part, clock.now());
    }
    const skipped = records.length - rows.length;
    if (skipped > 0) metrics.count('millrace_sink_skipped_tombstones_total', labels, skipped);
  }

  /** Rows that were committed in one millisecond are one observation with a count. */
  #observeLatency(rows: readonly SinkRow[], now: number): void {
    const {metrics, source} = this.#options;
    let count = 0;
    rows.forEach(({timestamp}, at) => {
      count++;
      if (rows[at + 1]?.timestamp === timestamp) return;
      const seconds = Math.max(0, now - timestamp) / 1000;
      metrics.observe('millrace_end_to_end_latency_seconds', {sink: source.sink}, seconds, count);
      count = 0;
    });
  }

  #row({offset, key, value, timestamp}: ConsumedRecord): SinkRow {
    const {valueHeaderBytes, source} = this.#options;
    if (key === null && source.insertMode === 'upsert')
      throw this.#unreadable(offset, 'it has no key, and insert.mode upsert needs one');
    if (
      value !== null &&
      valueHeaderBytes > 0 &&
      (value.length <= valueHeaderBytes || value[0] !== 0)
    )
      throw this.#unreadable(offset, 'its value does not begin with the header of JSON_SR');
    return {
      offset,
      key: key === null ? null : this.#keyText(key, offset),
      value: value === null ? null : value.subarray(valueHeaderBytes),
      timestamp,
    };
  }

  #keyText(bytes: Buffer, offset: number): string {
    try {
      const key = this.#options.key.deserialize(bytes);
      return typeof key === 'object' ? JSON.stringify(key) : String(key);
    } catch (error) {
      throw this.#unreadable(
        offset,
        `its key: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #unreadable(offset: number, reason: string): FatalError {
    const {sink, topic, partition} = this.#options.source;
    return new FatalError(
      'RECORD_UNREADABLE',
      `sink ${sink}: record ${topic}-${partition}@${offset} cannot become a row: ${reason}; correct what wrote it, or leave the topic out of the sink`,
    );
  }
}

function isFull(
  answers: readonly FetchedPartition[],
  {batchSize, bufferBytes}: BatchLimits,
): boolean {
  let rows = 0;
  let bytes = 0;
  for (const {records} of answers) {
    rows += records.length;
    for (const {value} of records) bytes += value?.length ?? 0;
  }
  return rows >= batchSize || bytes >= bufferBytes;
}
