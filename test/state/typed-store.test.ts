import {beforeEach, describe, expect, test} from 'vitest';
import type {CommittedStore, ScanRange} from '../../src/state/committed-store.ts';
import {MemoryStoreProvider} from '../../src/state/memory-store.ts';
import {TypedStore, UnreadableRowError} from '../../src/state/typed-store.ts';
import type {TypedStoreOptions} from '../../src/state/typed-store.ts';
import {encodeTuple} from '../../src/streams/operators/tuple-key.ts';
import {row, textKeys, tupleKeys} from './numbered-rows.ts';
import type {Row} from './numbered-rows.ts';

/** What a committed store was asked for. */
class Watched implements CommittedStore {
  readonly #store: CommittedStore;
  readonly reads: string[] = [];
  failing = false;

  constructor(store: CommittedStore) {
    this.#store = store;
  }

  get name() {
    return this.#store.name;
  }
  get isEmpty() {
    return this.#store.isEmpty;
  }
  get checkpoint() {
    return this.#store.checkpoint;
  }
  get(key: Buffer) {
    this.reads.push(key.toString());
    return this.#store.get(key);
  }
  range(prefix?: Buffer) {
    return this.#store.range(prefix);
  }
  scan(range: ScanRange) {
    return this.#store.scan(range);
  }

  size() {
    return this.#store.size();
  }
  apply(...args: Parameters<CommittedStore['apply']>) {
    return this.failing ? Promise.reject(new Error('disk full')) : this.#store.apply(...args);
  }
  wipe() {
    return this.#store.wipe();
  }
  close() {
    return this.#store.close();
  }
}

describe('TypedStore', () => {
  let committed: Watched;
  beforeEach(async () => {
    committed = new Watched(await new MemoryStoreProvider().open('0_0', 'rows'));
  });

  function textStore(options: Partial<TypedStoreOptions<string, Row>> = {}) {
    return new TypedStore<string, Row>(committed, {...textKeys, maxCachedRows: 100, ...options});
  }

  let offset = 0;
  async function commit(store: TypedStore<string, Row>): Promise<void> {
    await store.commit(store.takeWrites(), {topicId: 'topic-1', offset: ++offset});
  }

  async function filled(...keys: string[]): Promise<void> {
    const store = textStore();
    for (const [i, key] of keys.entries()) store.put(key, row(i));
    await commit(store);
    committed.reads.splice(0);
  }

  test('sees its own writes at once, and keeps them from the committed store until the commit', async () => {
    await filled('a', 'b');
    const store = textStore();

    store.put('a', row(7));
    store.delete('b');
    store.put('c', row(8));

    expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([row(7), undefined, row(8)]);
    expect([...store.range()]).toEqual([
      ['a', row(7)],
      ['c', row(8)],
    ]);
    const other = textStore();
    expect([other.get('a'), other.get('b'), other.get('c')]).toEqual([row(0), row(1), undefined]);
    await commit(store);
    expect([...textStore().range()]).toEqual([
      ['a', row(7)],
      ['c', row(8)],
    ]);
  });

  test('forgets the writes of an aborted transaction', async () => {
    await filled('a', 'b');
    const store = textStore();
    store.put('a', row(7));
    store.delete('b');
    store.put('c', row(8));

    store.abort();

    expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([row(0), row(1), undefined]);
    expect(store.takeWrites()).toEqual([]);
  });

  test('commits the newest write of each key, in the order of the first ones, with its checkpoint', async () => {
    const store = textStore();
    store.put('b', row(1));
    store.put('a', row(2));
    store.put('b', row(3));
    store.put('c', row(4));
    store.delete('c');

    const writes = store.takeWrites();

    const texts = writes.map(([key, value]) => [key.toString(), value?.toString()]);
    expect(texts).toEqual([
      ['b', '{"n":3,"note":null}'],
      ['a', '{"n":2,"note":null}'],
      ['c', undefined],
    ]);
    await store.commit(writes, {topicId: 'topic-1', offset: 9});
    expect(committed.checkpoint).toEqual({topicId: 'topic-1', offset: 9});
    expect(store.takeWrites()).toEqual([]);
  });

  test('keeps the writes when the commit fails, for whoever aborts it', async () => {
    await filled('a');
    const store = textStore();
    store.put('a', row(7));
    committed.failing = true;

    await expect(commit(store)).rejects.toThrow('disk full');

    expect(store.get('a')).toEqual(row(7));
    store.abort();
    expect(store.get('a')).toEqual(row(0));
  });

  test('tells each put and delete at once, in order, where every one is a changelog record', () => {
    const told: string[] = [];
    const onWrite = (key: Buffer, value: Buffer | null): void =>
      void told.push(`${key.toString()}=${String(value?.toString() ?? null)}`);
    const store = textStore({onWrite});

    store.put('a', row(1));
    store.put('a', row(2));
    store.delete('a');

    expect(told).toEqual(['a={"n":1,"note":null}', 'a={"n":2,"note":null}', 'a=null']);
    expect(store.takeWrites()).toEqual([[Buffer.from('a'), undefined]]);
  });

  describe('the cache', () => {
    test('reads and parses a row once, and a row that is not there', async () => {
      await filled('a');
      const store = textStore();

      const rows = [store.get('a'), store.get('a'), store.get('none'), store.get('none')];

      expect(rows[1]).toBe(rows[0]);
      expect(committed.reads).toEqual(['a', 'none']);
    });

    test('holds what was committed, and not what was aborted', async () => {
      await filled('a', 'b');
      const store = textStore();
      store.put('a', row(7));
      store.delete('b');
      await commit(store);

      expect([store.get('a'), store.get('b')]).toEqual([row(7), undefined]);
      store.put('a', row(8));
      store.put('b', row(8));
      store.abort();

      expect([store.get('a'), store.get('b')]).toEqual([row(7), undefined]);
      expect(committed.reads).toEqual([]);
    });

    test('is bounded: the row that was not asked for longest goes', async () => {
      await filled('a', 'b', 'c');
      const store = textStore({maxCachedRows: 2});

      for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) store.get(key);

      expect(committed.reads).toEqual(['a', 'b', 'c', 'b']);
    });

    test('is bounded for what is written, too', async () => {
      await filled('a', 'b', 'c');
      const store = textStore({maxCachedRows: 2});
      for (const key of ['a', 'b', 'c']) store.put(key, row(9));

      await commit(store);
      for (const key of ['c', 'b', 'a']) expect(store.get(key)).toEqual(row(9));

      expect(committed.reads).toEqual(['a']);
    });

    test('spares an empty store every read', () => {
      const store = textStore();
      store.put('a', row(1));

      expect([store.get('b'), store.get('c')]).toEqual([undefined, undefined]);
      expect(committed.reads).toEqual([]);
    });
  });

  describe('range', () => {
    test('gives the rows under a prefix of a tuple, written or committed, in the order of the tuples', async () => {
      const options = {...tupleKeys, maxCachedRows: 10};
      const first = new TypedStore<Buffer, Row>(committed, options);
      for (const [i, product] of ['p1', 'p10', 'p', 'p2', 'p1'].entries()) {
        first.put(encodeTuple(2, product, i), row(i));
      }
      first.put(encodeTuple(1, 'p1'), row(9));
      await first.commit(first.takeWrites(), {topicId: 'topic-1', offset: 1});
      const store = new TypedStore<Buffer, Row>(committed, options);
      store.put(encodeTuple(2, 'p1', 3), row(3));
      store.put(encodeTuple(2, 'p10', 6), row(6));
      store.delete(encodeTuple(2, 'p1', 0));

      const rows = [...store.range(encodeTuple(2, 'p1'))];

      expect(rows).toEqual([
        [encodeTuple(2, 'p1', 3), row(3)],
        [encodeTuple(2, 'p1', 4), row(4)],
      ]);
      expect([...store.range(encodeTuple(2))].map(([, {n}]) => n)).toEqual([2, 3, 4, 1, 6, 3]);
      expect([...store.range(encodeTuple(3))]).toEqual([]);
    });

    test('gives the rows as of the call', async () => {
      await filled('a', 'b');
      const store = textStore();
      store.put('c', row(3));

      const rows = store.range();
      store.put('a', row(7));
      store.delete('c');

      expect([...rows].map(([key, {n}]) => [key, n])).toEqual([
        ['a', 0],
        ['b', 1],
        ['c', 3],
      ]);
    });
  });

  test('names the store of a row that cannot be read, and hands out its bytes', async () => {
    const bad = [Buffer.from('a'), Buffer.from('{"n":')] as const;
    await committed.apply([bad], {topicId: 'topic-1', offset: 1});
    const store = textStore();

    const expected = {code: 'STATE_CORRUPTED', name: 'TaskError', store: 'rows', bytes: bad[1]};
    expect(() => store.get('a')).toThrow(expect.objectContaining(expected));
    expect(() => store.range()).toThrow(UnreadableRowError);
  });
});
