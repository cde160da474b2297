import type {KeyValueStore} from '../state/key-value-store.ts';

/** A header that travels with a record: the source position and whatever else producers put there. */
export interface StreamHeader {
  readonly key: string;
  readonly value: Buffer;
}

/** What flows along the edges of a topology. A null value is a tombstone. */
export interface StreamRecord<K, V> {
  readonly key: K;
  readonly value: V;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestamp: number;
  readonly headers: readonly StreamHeader[];
}

/** A table's update: the row as it was and as it is. `undefined` means no row. */
export interface Change<V> {
  readonly old: V | undefined;
  readonly new: V | undefined;
}

export interface ProcessorContext<K, V> {
  forward(record: StreamRecord<K, V>): void;
  store<SK, SV>(name: string): KeyValueStore<SK, SV>;
  /** Counts a record that goes no further, by reason (`dropped-records` of Kafka Streams). */
  dropped(reason: string): void;
}

/** Handles one record, synchronously: reads and writes its stores, forwards zero or more records. */
export type Process<K, V> = (record: StreamRecord<K, V>) => void;

/** A node's behaviour. Pure but for its stores: no clock, no randomness, no network, no Kafka. */
export interface Operator<KIn, VIn, KOut, VOut> {
  readonly kind: string;
  /** The stores it opens, so that the topology can place them in the same task. */
  readonly stores: readonly string[];
  /** True where a stream becomes a table: a topic that leads only to such operators is a table's input. */
  readonly makesTable?: boolean;
  /**
   * True for an operator whose records and stores are partitioned by different keys. It runs only where one task has
   * all partitions, and before its siblings; otherwise it is left out.
   */
  readonly crossPartition?: boolean;
  /**
   * True for an operator that puts right what records can only suffer on their way through several tasks. Where one
   * task has all partitions they pass it by, and its stores are not kept.
   */
  readonly betweenTasks?: boolean;
  create(context: ProcessorContext<KOut, VOut>): Process<KIn, VIn>;
}
