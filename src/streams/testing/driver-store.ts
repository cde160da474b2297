import type {Deserializer, Serializer} from '../../serde/serde.ts';
import type {KeyValueStore, StoreEntry} from '../../state/key-value-store.ts';

/** Both directions of one format. */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** A store in memory that keeps bytes, so that a serde that does not match its rows fails in the test. */
export class DriverStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #keys: Serde<K>;
  readonly #values: Serde<V>;
  readonly #onWrite: (key: Buffer, value: Buffer | null) => void;
  /** By the key's bytes in hex, which sorts as the bytes do. */
  readonly #rows = new Map<string, Buffer>();
  readonly #lineages = new Map<string, Buffer>();

  constructor(
    name: string,
    keys: Serde<K>,
    values: Serde<V>,
    onWrite: (key: Buffer, value: Buffer | null) => void = () => undefined,
  ) {
    this.name = name;
    this.#keys = keys;
    this.#values = values;
    this.#onWrite = onWrite;
  }

  get(key: K): V | undefined {
    const row = this.#rows.get(this.#keys.serialize(key).toString('hex'));
    return row === undefined ? undefined : this.#values.deserialize(row);
  }

  entry(key: K): StoreEntry<V> | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    return {value, lineage: this.#lineages.get(this.#keys.serialize(key).toString('hex'))};
  }

  put(key: K, value: V, lineage?: Buffer): void {
    const bytes = this.#keys.serialize(key);
    const row = this.#values.serialize(value);
    this.#rows.set(bytes.toString('hex'), row);
    if (lineage === undefined) this.#lineages.delete(bytes.toString('hex'));
    else this.#lineages.set(bytes.toString('hex'), lineage);
    this.#onWrite(bytes, row);
  }

  delete(key: K): void {
    const bytes = this.#keys.serialize(key);
    this.#rows.delete(bytes.toString('hex'));
    this.#onWrite(bytes, null);
  }

  *range(prefix: Buffer = Buffer.alloc(0)): Iterable<readonly [K, V]> {
    const start = prefix.toString('hex');
    const rows = [...this.#rows].filter(([key]) => key.startsWith(start));
    for (const [key, row] of rows.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      yield [this.#keys.deserialize(Buffer.from(key, 'hex')), this.#values.deserialize(row)];
    }
  }
}
