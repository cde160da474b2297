import type {Schema} from '../../serde/schema.ts';
import {filter} from '../operators/filter.ts';
import {flatten} from '../operators/flatten.ts';
import {inSourceOrder} from '../operators/in-source-order.ts';
import type {SourceOrderEntry} from '../operators/in-source-order.ts';
import {latestByKey} from '../operators/latest-by-key.ts';
import {mapValues} from '../operators/map-values.ts';
import {peek} from '../operators/peek.ts';
import {rekey} from '../operators/rekey.ts';
import {releaseWaiting} from '../operators/release-waiting.ts';
import {streamTableJoin} from '../operators/stream-table-join.ts';
import {streamTableLeftJoin} from '../operators/stream-table-left-join.ts';
import {supersedeWaiting} from '../operators/supersede-waiting.ts';
import {toTable} from '../operators/to-table.ts';
import type {WaitingEntry} from '../operators/waiting-records.ts';
import type {Operator, StreamRecord} from '../processor.ts';
import type {Topic, TopicSink} from '../topic.ts';
import {KTable} from './ktable.ts';
import type {StreamsBuilder} from './streams-builder.ts';

/** Drops a record for good when the table has no row for it at that moment: ksqlDB's inner join. The default. */
export interface DropOnMiss {
  readonly onMiss: 'drop';
}

/** Lets a record that finds no row wait in a store; it is joined and goes on when the row arrives. */
export interface WaitOnMiss<V, W, Id, S> {
  readonly onMiss: 'wait';
  /** Where it waits; see `waitingTopic`. */
  readonly store: Topic<Buffer, WaitingEntry<W>> & TopicSink<Buffer, WaitingEntry<V>>;
  /** What tells a newer version of a waiting record. */
  readonly id: (value: NoInfer<V>) => Id;
  /**
   * The stream that brings every new version and deletion under that id, before it is repartitioned for this join: each
   * of its records removes the version that still waits. Holds only where all topics have one partition; with more, a
   * version whose key has changed meanwhile may still be emitted when the row of its old key arrives, which
   * `inSourceOrder` takes out.
   */
  readonly supersededBy: KStream<Id, S>;
}

/** A stream of records, partitioned by `K`. Where `V` includes null, a null value is a tombstone. */
export class KStream<K, V> {
  readonly #builder: StreamsBuilder;
  /** Whose records these are; more than one after a merge. */
  readonly #nodes: readonly string[];

  constructor(builder: StreamsBuilder, nodes: readonly string[]) {
    this.#builder = builder;
    this.#nodes = nodes;
  }

  filter<Narrowed extends V>(
    predicate: (value: V, key: K) => value is Narrowed,
  ): KStream<K, Narrowed>;
  filter(predicate: (value: V, key: K) => boolean): KStream<K, V>;
  filter(predicate: (value: V, key: K) => boolean): KStream<K, V> {
    return this.#then(filter(predicate));
  }

  /** Gives each record a new value; null makes it a tombstone. */
  mapValues<VOut>(map: (value: V, key: K) => VOut): KStream<K, VOut> {
    return this.#then(mapValues(map));
  }

  /** Replaces each value by the row found in it, and drops the record where `select` returns null. */
  flatten<Row>(select: (value: V, key: K) => Row | null): KStream<K, Row> {
    return this.#then(flatten<K, V, Row>(select));
  }

  /** Shows each record to `observe`, for logs and tests. It runs again when a task repeats work after a crash. */
  peek(observe: (record: StreamRecord<K, V>) => void): KStream<K, V> {
    return this.#then(peek(observe));
  }

  /** The records of both streams, each in the order of its own. */
  merge<Other>(other: KStream<K, Other>): KStream<K, V | Other> {
    return new KStream(this.#builder, [...this.#nodes, ...other.#nodes]);
  }

  /**
   * Writes the records to `topic` under a new key and goes on from there.
   *
   * The only way to change a stream's key: what follows runs in another sub-topology, one task per partition of
   * `topic`. A null key drops the record. Tombstones go through as tombstones, under the key that `key` finds for them.
   */
  repartition<KOut, VOut>(
    topic: Topic<KOut, VOut> & TopicSink<KOut, Exclude<V, null>>,
    key: (value: V, key: K) => KOut | null,
  ): KStream<KOut, null extends V ? VOut | null : VOut> {
    const rekeyed = this.#builder.addOperator(rekey<K, V, KOut>(key), this.#nodes);
    this.#builder.addSink<KOut, Exclude<V, null>>(topic, [rekeyed]);
    return new KStream(this.#builder, [this.#builder.addSource<KOut, VOut>(topic, 'pass')]);
  }

  /**
   * Drops each record that was committed in its source before another one that came first under the same key.
   *
   * For a stream that was repartitioned back to a key which it had before: over several partitions, versions of one row
   * take different ways meanwhile, and an old one may come in last. `topic` holds the newest position of each key.
   */
  inSourceOrder(topic: Topic<K, SourceOrderEntry>): KStream<K, V> {
    return this.#then(inSourceOrder<K, V>(this.#builder.addStore<K, SourceOrderEntry>(topic)));
  }

  /**
   * Keeps the latest non-null value of each column by key: ksqlDB's `LATEST_BY_OFFSET`. `topic` holds the rows.
   *
   * Every record emits the row, even an unchanged one; tombstones are dropped.
   */
  latestByKey<Row extends object>(
    topic: Topic<K, Row> & TopicSink<K, Exclude<V, null>>,
  ): KTable<K, Row> {
    const store = this.#builder.addStore<K, Row>(topic);
    const node = this.#builder.addOperator(
      latestByKey<K, Row>(store, topic.value.schema as Schema<Row>),
      this.#nodes,
    );
    return new KTable(this.#builder, node, store, 'updates');
  }

  /**
   * Keeps the newest row of each key; a tombstone deletes it. `topic` holds the rows.
   *
   * An update that changes no column of the topic emits nothing.
   */
  toTable<Row extends object>(
    topic: Topic<K, Row> & TopicSink<K, Exclude<V, null>>,
  ): KTable<K, Row> {
    const store = this.#builder.addStore<K, Row>(topic);
    const node = this.#builder.addOperator(
      toTable<K, Row>(store, topic.value.schema as Schema<Row>),
      this.#nodes,
    );
    return new KTable(this.#builder, node, store, 'changes');
  }

  /**
   * Joins each record with the table's row of the same key, as it stands when the record is read.
   *
   * Without a row the record is dropped for good, or waits for it. Tombstones are dropped.
   */
  join<Row, Out>(
    table: KTable<K, Row>,
    join: (value: Exclude<V, null>, row: Row) => Out,
    options?: DropOnMiss,
  ): KStream<K, Out>;
  join<Row, Out, W, Id, S>(
    table: KTable<K, Row>,
    join: (value: W, row: Row) => Out,
    options: WaitOnMiss<Exclude<V, null>, W, Id, S>,
  ): KStream<K, Out>;
  join<Row, Out, W, Id, S>(
    table: KTable<K, Row>,
    join: (value: Exclude<V, null> & W, row: Row) => Out,
    options: DropOnMiss | WaitOnMiss<Exclude<V, null>, W, Id, S> = {onMiss: 'drop'},
  ): KStream<K, Out> {
    if (options.onMiss === 'drop') return this.#then(streamTableJoin(table.store, join));
    const {id, supersededBy} = options;
    const store: string = this.#builder.addStore<Buffer, WaitingEntry<W>>(options.store);
    const joined = this.#builder.addOperator(
      streamTableJoin(table.store, join, {store, id}),
      this.#nodes,
    );
    const released = this.#builder.addOperator(releaseWaiting(store, table.store, join), [
      table.node,
    ]);
    this.#builder.addOperator(supersedeWaiting<Id, S>(store), supersededBy.#nodes);
    return new KStream(this.#builder, [joined, released]);
  }

  /** Joins each record with the table's row of the same key, or with null where there is none. Tombstones are dropped. */
  leftJoin<Row, Out>(
    table: KTable<K, Row>,
    join: (value: Exclude<V, null>, row: Row | null) => Out,
  ): KStream<K, Out> {
    return this.#then(streamTableLeftJoin(table.store, join));
  }

  /** Writes the records to `topic`. */
  to(topic: TopicSink<K, Exclude<V, null>>): void;
  /** Writes the records to `topic` under a new key; a null key drops the record. */
  to<KOut>(topic: TopicSink<KOut, Exclude<V, null>>, key: (value: V, key: K) => KOut | null): void;
  to(topic: TopicSink<never, Exclude<V, null>>, key?: (value: V, key: K) => unknown): void {
    const from =
      key === undefined ? this.#nodes : [this.#builder.addOperator(rekey(key), this.#nodes)];
    this.#builder.addSink(topic, from);
  }

  #then<VIn, VOut>(operator: Operator<K, VIn, K, VOut>): KStream<K, VOut> {
    return new KStream(this.#builder, [this.#builder.addOperator(operator, this.#nodes)]);
  }
}
