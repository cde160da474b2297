import {FatalError} from '../common/errors.ts';
import type {Clock} from '../common/clock.ts';
import type {KafkaClient, ProduceBatch, ProducerRecord, TopicSpec} from '../kafka/client.ts';
import {formatLsn, parseLsn} from './postgres/lsn.ts';
import type {IncrementalState} from './incremental/incremental-state.ts';
import type {SourceOffset} from './replication-source.ts';

/** Milliseconds; a fetch that finds nothing new answers after this long. */
const POLL_MS = 500;

/** Where a source stands, with all that a restart must know. */
export interface DurableOffset extends SourceOffset {
  /** The captured tables (`schema.table`) of which all rows are, or will be, in Kafka; undefined when nobody has said. */
  readonly tables?: readonly string[] | undefined;
  /** There while an initial snapshot is not complete: the tables that are. */
  readonly snapshot?: SnapshotProgress | undefined;
  readonly incremental?: IncrementalState | undefined;
}

export interface SnapshotProgress {
  readonly completed: readonly string[];
}

interface OffsetValue {
  readonly v: 1;
  readonly systemId: string;
  readonly timeline?: number | undefined;
  readonly lsn: string;
  /** `claim`: the slot is about to be made, and nothing was read from it. */
  readonly phase: 'claim' | 'snapshot' | 'stream';
  readonly snapshot?: SnapshotProgress | undefined;
  readonly incremental?: IncrementalState | undefined;
  /** Milliseconds since 1970 at which it was written. */
  readonly ts: number;
}

interface TablesValue {
  readonly v: 1;
  readonly tables: readonly string[];
}

/** The topic that the sources of an application keep their offsets in. */
export function offsetsTopic(applicationId: string): string {
  return `${applicationId}-cdc-offsets`;
}

export function offsetsSpec(name: string, replicationFactor: number): TopicSpec {
  return {name, partitions: 1, cleanupPolicy: 'compact', replicationFactor};
}

/** Of the producer that writes the events of a slot and its offsets. */
export function cdcTransactionalId(applicationId: string, slotName: string): string {
  return `${applicationId}-cdc-${slotName}`;
}

/**
 * The durable offset of one slot: records in a compacted topic, written in the Kafka transaction that they cover.
 *
 * Key `{"slot","db"}`, value `{"v":1,"systemId","timeline","lsn","phase","ts"}` with `snapshot` and `incremental` where there is
 * something to read. The captured tables, which may be thousands, have a record of their own, key `{"slot","db","of":
 * "tables"}`, value `{"v":1,"tables"}`, written when they change.
 */
export class OffsetStore {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #key: Buffer;
  readonly #tablesKey: Buffer;
  readonly #clock: Clock;
  #isClaimed = false;
  /** What the last record of the tables says. */
  #tables: string | undefined;
  /** The list that it was made of. */
  #lastTables: readonly string[] | undefined;

  constructor(kafka: KafkaClient, topic: string, slot: string, database: string, clock: Clock) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#key = Buffer.from(JSON.stringify({slot, db: database}));
    this.#tablesKey = Buffer.from(JSON.stringify({slot, db: database, of: 'tables'}));
    this.#clock = clock;
  }

  async ensureTopic(replicationFactor: number): Promise<void> {
    await this.#kafka.admin.ensureTopics([offsetsSpec(this.#topic, replicationFactor)]);
  }

  /**
   * The last committed offset. Only after `init` of the producer that writes it: an earlier one's open transaction is
   * then decided.
   */
  async read(signal: AbortSignal): Promise<DurableOffset | undefined> {
    const partition = {topic: this.#topic, partition: 0};
    this.#tables = undefined;
    this.#lastTables = undefined;
    this.#isClaimed = false;
    const [end] = await this.#kafka.admin.offsets([partition]);
    if (end === undefined || end.latest === end.earliest) return undefined;
    const fetcher = this.#kafka.fetcher({isolation: 'read_committed'});
    try {
      fetcher.assign(partition, end.earliest);
      let last: Buffer | null = null;
      let tables: Buffer | null = null;
      while ((fetcher.position(partition) ?? 0) < end.latest) {
        if (signal.aborted) return undefined;
        for (const {records} of await fetcher.poll(POLL_MS, signal)) {
          for (const {key, value} of records) {
            if (key?.equals(this.#key) === true) last = value;
            else if (key?.equals(this.#tablesKey) === true) tables = value;
          }
        }
      }
      this.#tables = tables?.toString();
      if (last === null) return undefined;
      this.#isClaimed = true;
      const offset = this.#parseOffset(last);
      return offset && {...offset, tables: tables === null ? undefined : this.#parseTables(tables)};
    } finally {
      await fetcher.close();
    }
  }

  /** Whether the last `read` has found anything of the slot: then this service has made it, or was about to. */
  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  /** The record that says, once its transaction commits, that the slot is ours. */
  claim(): ProduceBatch {
    const ts = this.#clock.now();
    const value: OffsetValue = {v: 1, systemId: '', lsn: '0/0', phase: 'claim', ts};
    const record = this.#record(this.#key, JSON.stringify(value), ts);
    return {topic: this.#topic, partition: 0, records: [record]};
  }

  /**
   * The records after which a start begins anew, with a slot and a snapshot of its own: the slot is known as ours, and
   * nothing as read from it.
   */
  forget(): ProduceBatch {
    const {records, ...partition} = this.claim();
    const ts = this.#clock.now();
    const tables = {key: this.#tablesKey, value: null, timestamp: ts, headers: []};
    return {...partition, records: [...records, tables]};
  }

  /**
   * The records that make `offset` durable once their transaction commits. Whoever cannot commit them must `read` before
   * the next ones.
   */
  records({lsn, systemId, timeline, tables, snapshot, incremental}: DurableOffset): ProduceBatch {
    const ts = this.#clock.now();
    const phase = snapshot === undefined ? 'stream' : 'snapshot';
    const value: OffsetValue = {
      v: 1,
      systemId,
      timeline,
      lsn: formatLsn(lsn),
      phase,
      snapshot,
      incremental,
      ts,
    };
    const records = [this.#record(this.#key, JSON.stringify(value), ts)];
    // Mostly the same list as at the last commit, and it may be long.
    if (tables !== undefined && tables !== this.#lastTables) {
      this.#lastTables = tables;
      const tablesValue: TablesValue = {v: 1, tables};
      const text = JSON.stringify(tablesValue);
      if (text !== this.#tables) records.push(this.#record(this.#tablesKey, text, ts));
      this.#tables = text;
    }
    return {topic: this.#topic, partition: 0, records};
  }

  #record(key: Buffer, value: string, timestamp: number): ProducerRecord {
    return {key, value: Buffer.from(value), timestamp, headers: []};
  }

  /** Undefined for a claim. */
  #parseOffset(bytes: Buffer): DurableOffset | undefined {
    return this.#parse(bytes, (value) => {
      const {phase, lsn, systemId, timeline, snapshot, incremental} = value as OffsetValue;
      if (phase === 'claim') return undefined;
      return {lsn: parseLsn(lsn), systemId, timeline, snapshot, incremental};
    });
  }

  #parseTables(bytes: Buffer): readonly string[] {
    return this.#parse(bytes, (value) => (value as TablesValue).tables);
  }

  #parse<T>(bytes: Buffer, read: (value: {readonly v: number}) => T): T {
    try {
      const value = JSON.parse(bytes.toString()) as {readonly v: number};
      if (value.v === 1) return read(value);
    } catch {
      // Falls through to the same error.
    }
    throw new FatalError(
      'RECORD_UNREADABLE',
      `topic ${this.#topic}, key ${this.#key.toString()}: ${bytes.toString().slice(0, 100)} is not an offset of this version; run the version that wrote it, or delete the topic to take a new snapshot`,
    );
  }
}
