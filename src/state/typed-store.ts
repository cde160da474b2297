import {LRUCache} from 'lru-cache';
import {TaskError} from '../common/errors.ts';
import type {Schema} from '../serde/schema.ts';
import {UnreadableRecordError} from '../serde/serde.ts';
import type {Deserializer, Serializer} from '../serde/serde.ts';
import type {Checkpoint, CommittedStore, StoreWrite} from './committed-store.ts';
import type {KeyValueStore, StoreEntry} from './key-value-store.ts';
import {lineageBytes, rowBytes, storedValue} from './stored-value.ts';
import {TransactionOverlay} from './transaction-overlay.ts';
import type {OverlayEntry} from './transaction-overlay.ts';

/** Both directions of one format. */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

export interface TypedStoreOptions<K, V> {
  readonly keySchema: Schema<K>;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** How many rows stay parsed in memory. */
  readonly maxCachedRows: number;
  /** Called at each put and delete, in order, where every one of them is a changelog record; a null value deletes. */
  readonly onWrite?: (key: Buffer, value: Buffer | null) => void;
}

/** A committed row that its serde cannot read, perhaps only because its schema id was not looked up yet. */
export class UnreadableRowError extends TaskError {
  readonly store: string;
  readonly bytes: Buffer;

  constructor(store: string, bytes: Buffer, cause: Error) {
    super('STATE_CORRUPTED', `A row of store ${store} cannot be read: ${cause.message}.`, {cause});
    this.store = store;
    this.bytes = bytes;
  }
}

/** A write for the changelog and the store; an undefined value deletes. */
export type RowWrite = readonly [key: Buffer, value: Buffer | undefined, lineage?: Buffer];

/** Stands in the cache for a key without a row. */
const NO_ROW: unique symbol = Symbol('no row');

/**
 * The store that operators see: typed rows over committed bytes.
 *
 * Reads look into the writes of the open transaction, then into a cache of parsed rows, then into the committed store.
 * `takeWrites` closes the transaction for writing, `commit` makes it durable, `abort` forgets it.
 */
export class TypedStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #committed: CommittedStore;
  readonly #options: TypedStoreOptions<K, V>;
  readonly #overlay: TransactionOverlay<K, V>;
  /** Rows as they are committed. */
  readonly #cache: LRUCache<string, StoreEntry<V> | typeof NO_ROW>;
  readonly #isText: boolean;

  constructor(committed: CommittedStore, options: TypedStoreOptions<K, V>) {
    this.name = committed.name;
    this.#committed = committed;
    this.#options = options;
    this.#overlay = new TransactionOverlay((key) => options.key.serialize(key));
    this.#cache = new LRUCache({max: options.maxCachedRows});
    this.#isText = options.keySchema.type === 'VARCHAR';
  }

  get(key: K): V | undefined {
    return this.entry(key)?.value;
  }

  entry(key: K): StoreEntry<V> | undefined {
    const overlay = this.#overlay;
    if (overlay.size === 0 && this.#committed.isEmpty) return undefined;
    const id = this.#id(key);
    const written = overlay.get(id);
    if (written !== undefined) return entryOf(written);
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached === NO_ROW ? undefined : cached;
    if (this.#committed.isEmpty) return undefined;
    const bytes = this.#committed.get(this.#options.key.serialize(key));
    const entry =
      bytes === undefined ? undefined : {value: this.#row(bytes), lineage: lineageBytes(bytes)};
    this.#cache.set(id, entry ?? NO_ROW);
    return entry;
  }

  put(key: K, value: V, lineage?: Buffer): void {
    this.#write(key, value, lineage);
  }

  delete(key: K): void {
    this.#write(key, undefined, undefined);
  }

  range(prefix?: Buffer): Iterable<readonly [K, V]> {
    const written = this.#overlay.range(prefix?.toString('latin1') ?? '');
    const rows: (readonly [K, V])[] = [];
    let next = 0;
    // Asked even while it is empty, so that it learns early that ranges are read.
    for (const [keyBytes, valueBytes] of this.#committed.range(prefix)) {
      const text = keyBytes.toString('latin1');
      for (; next < written.length && (written[next]?.[0] ?? '') < text; next++) push(next);
      if (written[next]?.[0] === text) continue;
      rows.push([this.#options.key.deserialize(keyBytes), this.#row(valueBytes)]);
    }
    for (; next < written.length; next++) push(next);
    return rows;

    function push(i: number): void {
      const entry = written[i]?.[1];
      if (entry?.value !== undefined) rows.push([entry.key, entry.value]);
    }
  }

  /** The newest write of each key of the open transaction, serialized once for the changelog and the store. */
  takeWrites(): readonly RowWrite[] {
    const {key: keys, value: values} = this.#options;
    const writes: RowWrite[] = [];
    for (const [, {key, value, lineage, keyBytes, valueBytes}] of this.#overlay.entries()) {
      const bytes = value === undefined ? undefined : (valueBytes ?? values.serialize(value));
      const keyOf = keyBytes ?? keys.serialize(key);
      writes.push(lineage === undefined ? [keyOf, bytes] : [keyOf, bytes, lineage]);
    }
    return writes;
  }

  /** Makes what `takeWrites` returned durable, with where the store now stands in its changelog. */
  async commit(writes: readonly RowWrite[], checkpoint: Checkpoint): Promise<void> {
    const stored = writes.map(([key, value, lineage]): StoreWrite => [
      key,
      value && storedValue(value, lineage),
    ]);
    await this.#committed.apply(stored, checkpoint);
    for (const [id, {value, lineage}] of this.#overlay.entries()) {
      this.#cache.set(id, value === undefined ? NO_ROW : {value, lineage});
    }
    this.#overlay.clear();
  }

  /** Forgets the writes of the open transaction. */
  abort(): void {
    this.#overlay.clear();
  }

  #write(key: K, value: V | undefined, lineage: Buffer | undefined): void {
    const {onWrite, key: keys, value: values} = this.#options;
    if (onWrite === undefined) {
      const unwritten = {keyBytes: undefined, valueBytes: undefined};
      this.#overlay.set(this.#id(key), {key, value, lineage, ...unwritten});
      return;
    }
    const keyBytes = keys.serialize(key);
    const valueBytes = value === undefined ? undefined : values.serialize(value);
    const id = this.#isText ? this.#id(key) : keyBytes.toString('latin1');
    this.#overlay.set(id, {key, value, lineage, keyBytes, valueBytes});
    onWrite(keyBytes, valueBytes ?? null);
  }

  #row(stored: Buffer): V {
    const bytes = rowBytes(stored);
    try {
      return this.#options.value.deserialize(bytes);
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      throw new UnreadableRowError(this.name, bytes, error);
    }
  }

  /** A text for the key: itself, or its bytes. */
  #id(key: K): string {
    if (this.#isText && typeof key === 'string') return key;
    return this.#options.key.serialize(key).toString('latin1');
  }
}

function entryOf<V>({value, lineage}: OverlayEntry<unknown, V>): StoreEntry<V> | undefined {
  return value === undefined ? undefined : {value, lineage};
}
