import type {KeyValueStore} from '../../state/key-value-store.ts';
import {encodeTuple} from '../operators/tuple-key.ts';

/** A store in memory that keeps objects as they are, for operators on their own, which know no formats. */
export class ObjectStore<K, V> implements KeyValueStore<K, V> {
  readonly name: string;
  readonly #rows = new Map<string, readonly [K, V]>();

  constructor(name: string) {
    this.name = name;
  }

  get(key: K): V | undefined {
    return this.#rows.get(hex(key))?.[1];
  }

  put(key: K, value: V): void {
    this.#rows.set(hex(key), [key, value]);
  }

  delete(key: K): void {
    this.#rows.delete(hex(key));
  }

  *range(prefix: Buffer = Buffer.alloc(0)): Iterable<readonly [K, V]> {
    const start = prefix.toString('hex');
    const rows = [...this.#rows].filter(([key]) => key.startsWith(start));
    for (const [, row] of rows.toSorted(([a], [b]) => (a < b ? -1 : 1))) yield row;
  }
}

/** The key's bytes in hex, which sorts as the bytes do. */
function hex(key: unknown): string {
  return (Buffer.isBuffer(key) ? key : encodeTuple(key)).toString('hex');
}
