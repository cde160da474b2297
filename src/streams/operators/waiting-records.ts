import {isEarlierInSource, sourcePositionOf} from '../../serde/source-position.ts';
import type {KeyValueStore} from '../../state/key-value-store.ts';
import type {StreamHeader, StreamRecord} from '../processor.ts';
import {encodeTuple} from './tuple-key.ts';

/**
 * An entry of a waiting store, one of three kinds, told apart by the first element of its key:
 *
 * | key | columns | what |
 * | --- | --- | --- |
 * | `(0)` | `count`, `next` | how many records wait; number of the next one |
 * | `(1, id)` | `link` | where the record of this id waits: the key of its entry |
 * | `(2, key, number)` | `row`, `timestamp`, `headers`, `link` | a record that waits under `key`; `link` leads back to `(1, id)` |
 */
export interface WaitingEntry<V> {
  readonly row: V | null;
  readonly timestamp: number | null;
  readonly headers: readonly StreamHeader[] | null;
  readonly link: Buffer | null;
  readonly count: number | null;
  readonly next: number | null;
}

const META = encodeTuple(0);
const EMPTY = {row: null, timestamp: null, headers: null, link: null, count: null, next: null};

/** Records that wait under a key, each with an id; at most one per id. All state is in the store. */
export class WaitingRecords<K, V> {
  readonly #entries: KeyValueStore<Buffer, WaitingEntry<V>>;

  constructor(entries: KeyValueStore<Buffer, WaitingEntry<V>>) {
    this.#entries = entries;
  }

  /** True when nothing waits: the answer for almost every record, at the price of one read of a hot entry. */
  get isEmpty(): boolean {
    return (this.#entries.get(META)?.count ?? 0) === 0;
  }

  /**
   * Lets the record wait under its key, in the place of another one of this id. False where that one is newer in their
   * source: then this one has come too late, and is not kept.
   */
  add(id: unknown, {key, value, timestamp, headers}: StreamRecord<K, V>): boolean {
    const byId = encodeTuple(1, id);
    const place = this.#entries.get(byId)?.link ?? undefined;
    if (place !== undefined) {
      const waiting = this.#entries.get(place)?.headers ?? [];
      if (isEarlierInSource(sourcePositionOf(headers), sourcePositionOf(waiting))) return false;
      this.#remove(byId);
    }
    const meta = this.#entries.get(META);
    const next = meta?.next ?? 0;
    const byKey = encodeTuple(2, key, next);
    const kept = headers.map(inOwnMemory);
    this.#entries.put(byKey, {...EMPTY, row: value, timestamp, headers: kept, link: byId});
    this.#entries.put(byId, {...EMPTY, link: byKey});
    this.#entries.put(META, {...EMPTY, count: (meta?.count ?? 0) + 1, next: next + 1});
    return true;
  }

  /** Forgets the record of this id; false when it does not wait. */
  remove(id: unknown): boolean {
    return this.#remove(encodeTuple(1, id));
  }

  /** Removes and returns the records that wait under `key`, in the order in which they came. */
  take(key: K): readonly StreamRecord<K, V>[] {
    const taken = [...this.#entries.range(encodeTuple(2, key))];
    for (const [byKey, {link}] of taken) {
      this.#entries.delete(byKey);
      if (link !== null) this.#entries.delete(link);
    }
    if (taken.length > 0) this.#countDown(taken.length);
    return taken.map(([, {row, timestamp, headers}]) => ({
      key,
      value: row as V,
      timestamp: timestamp ?? 0,
      headers: headers ?? [],
    }));
  }

  #remove(byId: Buffer): boolean {
    const byKey = this.#entries.get(byId)?.link;
    if (byKey === null || byKey === undefined) return false;
    this.#entries.delete(byKey);
    this.#entries.delete(byId);
    this.#countDown(1);
    return true;
  }

  #countDown(by: number): void {
    const meta = this.#entries.get(META);
    this.#entries.put(META, {...EMPTY, count: (meta?.count ?? by) - by, next: meta?.next ?? 0});
  }
}

/** What waits may wait for long, and must not hold what it was fetched with. */
function inOwnMemory({key, value}: StreamHeader): StreamHeader {
  return {key, value: Buffer.from(value)};
}
