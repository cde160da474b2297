import {FatalError} from '../common/errors.ts';
import type {Clock} from '../common/clock.ts';
import type {KafkaClient, ProduceBatch} from '../kafka/client.ts';
import {formatLsn, parseLsn} from './postgres/lsn.ts';
import type {SourceOffset} from './replication-source.ts';

/** Milliseconds; a fetch that finds nothing new answers after this long. */
const POLL_MS = 500;

interface OffsetValue {
  readonly v: 1;
  readonly systemId: string;
  readonly lsn: string;
  readonly phase: 'stream';
  /** Milliseconds since 1970 at which it was written. */
  readonly ts: number;
}

/**
 * The durable offset of one slot: a record in a compacted topic, written in the Kafka transaction that it covers.
 *
 * Key `{"slot","db"}`, value `{"v":1,"systemId","lsn","phase":"stream","ts"}`.
 */
export class OffsetStore {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #key: Buffer;
  readonly #clock: Clock;

  constructor(kafka: KafkaClient, topic: string, slot: string, database: string, clock: Clock) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#key = Buffer.from(JSON.stringify({slot, db: database}));
    this.#clock = clock;
  }

  async ensureTopic(replicationFactor: number): Promise<void> {
    await this.#kafka.admin.ensureTopics([
      {name: this.#topic, partitions: 1, cleanupPolicy: 'compact', replicationFactor},
    ]);
  }

  /**
   * The last committed offset. Only after `init` of the producer that writes it: an earlier one's open transaction is
   * then decided.
   */
  async read(signal: AbortSignal): Promise<SourceOffset | undefined> {
    const partition = {topic: this.#topic, partition: 0};
    const [end] = await this.#kafka.admin.offsets([partition]);
    if (end === undefined || end.latest === end.earliest) return undefined;
    const fetcher = this.#kafka.fetcher({isolation: 'read_committed'});
    try {
      fetcher.assign(partition, end.earliest);
      let last: Buffer | null = null;
      while ((fetcher.position(partition) ?? 0) < end.latest) {
        if (signal.aborted) return undefined;
        for (const {records} of await fetcher.poll(POLL_MS, signal)) {
          for (const {key, value} of records) if (key?.equals(this.#key) === true) last = value;
        }
      }
      return last === null ? undefined : this.#parse(last);
    } finally {
      await fetcher.close();
    }
  }

  /** The record that makes `offset` durable once its transaction commits. */
  record({lsn, systemId}: SourceOffset): ProduceBatch {
    const ts = this.#clock.now();
    const value: OffsetValue = {v: 1, systemId, lsn: formatLsn(lsn), phase: 'stream', ts};
    const record = {
      key: this.#key,
      value: Buffer.from(JSON.stringify(value)),
      timestamp: ts,
      headers: [],
    };
    return {topic: this.#topic, partition: 0, records: [record]};
  }

  #parse(value: Buffer): SourceOffset {
    try {
      const {v, systemId, lsn} = JSON.parse(value.toString()) as OffsetValue;
      if (v === 1) return {systemId, lsn: parseLsn(lsn)};
    } catch {
      // Falls through to the same error.
    }
    throw new FatalError(
      'RECORD_UNREADABLE',
      `topic ${this.#topic}, key ${this.#key.toString()}: ${value.toString().slice(0, 100)} is not an offset of this version; run the version that wrote it, or delete the topic to take a new snapshot`,
    );
  }
}
