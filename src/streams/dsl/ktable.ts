import type {Schema} from '../../serde/schema.ts';
import {materialize} from '../operators/materialize.ts';
import type {Emit} from '../operators/materialize.ts';
import {tableTableJoin} from '../operators/table-table-join.ts';
import {leftOfLeftJoin, rightOfLeftJoin} from '../operators/table-table-left-join.ts';
import type {StoreName} from '../operators/store-name.ts';
import {toStream} from '../operators/to-stream.ts';
import type {Change, Operator} from '../processor.ts';
import type {Topic} from '../topic.ts';
import type {KStream} from './kstream.ts';
import type {StreamsBuilder} from './streams-builder.ts';

/** The latest row of each key, held in a store. */
export class KTable<K, V> {
  /** Name of the node that forwards the table's changes. */
  readonly node: string;
  /** Name of the store that holds the rows. */
  readonly store: StoreName<V>;
  readonly #builder: StreamsBuilder;
  readonly #emit: Emit;

  constructor(builder: StreamsBuilder, node: string, store: StoreName<V>, emit: Emit) {
    this.#builder = builder;
    this.node = node;
    this.store = store;
    this.#emit = emit;
  }

  /**
   * Inner join on the key; `topic` holds the rows of the resulting table.
   *
   * Emits only changes where both tables do, otherwise on every update of either.
   */
  join<Other, Out>(
    other: KTable<K, Other>,
    join: (value: V, other: Other) => Out,
    topic: Topic<K, Out>,
  ): KTable<K, Out> {
    return this.#joined(
      other,
      tableTableJoin<K, V, Other, Out>(other.store, join),
      tableTableJoin<K, Other, V, Out>(this.store, (row, value) => join(value, row)),
      topic,
    );
  }

  /** As {@link join}, but rows without a partner are joined with null. */
  leftJoin<Other, Out>(
    other: KTable<K, Other>,
    join: (value: V, other: Other | null) => Out,
    topic: Topic<K, Out>,
  ): KTable<K, Out> {
    return this.#joined(
      other,
      leftOfLeftJoin<K, V, Other, Out>(other.store, join),
      rightOfLeftJoin<K, V, Other, Out>(this.store, join),
      topic,
    );
  }

  /** The table's changes: the row after each, or a tombstone. */
  toStream(): KStream<K, V | null> {
    return this.#builder.streamOf(this.#builder.addOperator(toStream<K, V>(), [this.node]));
  }

  #joined<Other, Out>(
    other: KTable<K, Other>,
    left: Operator<K, Change<V>, K, Out | null>,
    right: Operator<K, Change<Other>, K, Out | null>,
    topic: Topic<K, Out>,
  ): KTable<K, Out> {
    const emit = this.#emit === 'changes' && other.#emit === 'changes' ? 'changes' : 'updates';
    const store = this.#builder.addStore(topic);
    const node = this.#builder.addOperator(
      materialize<K, Out>(store, topic.value.schema as Schema<Out>, emit),
      [
        this.#builder.addOperator(left, [this.node]),
        this.#builder.addOperator(right, [other.node]),
      ],
    );
    return new KTable(this.#builder, node, store, emit);
  }
}
