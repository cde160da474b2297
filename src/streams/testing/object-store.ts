import type {KeyValueStore, StoreEntry} from '../../state/key-value-store.ts';
import {encodeTuple} from '../operators/tuple-key.ts';

/** A store in memory that keeps objects as they are, for operators on their own, which know no formats. */
export class ObjectStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #rows = new Map<string, readonly [K, V, Buffer | undefined]>();

  constructor(name: string) {
    this.name = name;
  }

  get(key: K): V | undefined {
    return this.#rows.get(hex(key))?.[1];
  }

  entry(key: K): StoreEntry<V> | undefined {
    const found = this.#rows.get(hex(key));
    return found && {value: found[1], lineage: found[2]};
  }

  put(key: K, value: V, lineage?: Buffer): void {
    this.#rows.set(hex(key), [key, value, lineage]);
  }

  delete(key: K): void {
    this.#rows.delete(hex(key));
  }

  *range(prefix: Buffer = Buffer.alloc(0)): Iterable<readonly [K, V]> {
    const start = prefix.toString('hex');
    const rows = [...this.#rows].filter(([key]) => key.startsWith(start));
    for (const [, row] of rows.toSorted(([a], [b]) => (a < b ? -1 : 1))) yield [row[0], row[1]];
  }
}

/** The key's bytes in hex, which sorts as the bytes do. */
function hex(key: unknown): string {
  return (Buffer.isBuffer(key) ? key : encodeTuple(key)).toString('hex');
}
