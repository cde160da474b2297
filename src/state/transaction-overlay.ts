import {SortedKeys} from './sorted-keys.ts';

/** A write of the open transaction: the newest one of its key. */
export interface OverlayEntry<K, V> {
  readonly key: K;
  /** Undefined deletes. */
  readonly value: V | undefined;
  readonly lineage?: Buffer | undefined;
  /** Set once somebody needed them. */
  readonly keyBytes: Buffer | undefined;
  readonly valueBytes: Buffer | undefined;
}

/**
 * The uncommitted writes of one store, by an id that stands for the key.
 *
 * Sorted by serialized key only from the first range on.
 */
export class TransactionOverlay<K, V> {
  readonly #bytesOf: (key: K) => Buffer;
  #entries = new Map<string, OverlayEntry<K, V>>();
  #sorted: SortedKeys | undefined;
  /** Ids by the latin1 text of their serialized keys, for the sorted keys. */
  #ids = new Map<string, string>();

  constructor(bytesOf: (key: K) => Buffer) {
    this.#bytesOf = bytesOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): OverlayEntry<K, V> | undefined {
    return this.#entries.get(id);
  }

  set(id: string, entry: OverlayEntry<K, V>): void {
    if (this.#sorted !== undefined && !this.#entries.has(id)) this.#sort(id, entry);
    this.#entries.set(id, entry);
  }

  /** In the order of each key's first write. */
  entries(): Iterable<[string, OverlayEntry<K, V>]> {
    return this.#entries;
  }

  /** The entries under a prefix of the serialized key, in its order, with its latin1 text. */
  range(prefix: string): readonly (readonly [string, OverlayEntry<K, V>])[] {
    if (this.#entries.size === 0) return [];
    if (this.#sorted === undefined) {
      this.#sorted = new SortedKeys();
      for (const [id, entry] of this.#entries) this.#sort(id, entry);
    }
    return this.#sorted
      .withPrefix(prefix)
      .map(
        (text) =>
          [text, this.#entries.get(this.#ids.get(text) as string) as OverlayEntry<K, V>] as const,
      );
  }

  clear(): void {
    this.#entries = new Map();
    this.#ids = new Map();
    if (this.#sorted !== undefined) this.#sorted = new SortedKeys();
  }

  #sort(id: string, {key, keyBytes}: OverlayEntry<K, V>): void {
    const text = (keyBytes ?? this.#bytesOf(key)).toString('latin1');
    this.#sorted?.add(text);
    this.#ids.set(text, id);
  }
}
