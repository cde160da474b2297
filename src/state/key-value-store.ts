/**
 * One partition of one store, as an operator sees it.
 *
 * Reads and writes are synchronous and see each other at once; writes become durable when the task commits, and vanish
 * when it aborts. Values must not be changed after they were put or got.
 */
export interface KeyValueStore<K, V> {
  readonly name: string;
  get(key: K): V | undefined;
  /** The row with the lineage that it was put with. */
  entry(key: K): StoreEntry<V> | undefined;
  /** `lineage` says where the row comes from (`src/serde/lineage`). */
  put(key: K, value: V, lineage?: Buffer): void;
  delete(key: K): void;
  /** The entries whose serialized key begins with `prefix` (all without one), in order of their serialized keys. */
  range(prefix?: Buffer): Iterable<readonly [K, V]>;
}

export interface StoreEntry<V> {
  readonly value: V;
  readonly lineage: Buffer | undefined;
}
