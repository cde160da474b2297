import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {CommittedStore, ScanRange, StoreProvider} from '../../src/state/committed-store.ts';

/** Stores to test; `close` removes what they left. */
export interface StoresUnderTest {
  readonly provider: StoreProvider;
  readonly close: () => Promise<void>;
}

const checkpoint = {topicId: 'topic-1', offset: 7};
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function entries(store: CommittedStore, prefix?: Buffer): string[] {
  return [...store.range(prefix)].map(
    ([key, value]) => `${key.toString('latin1')}=${value.toString('latin1')}`,
  );
}

async function scanned(store: CommittedStore, range: ScanRange): Promise<string> {
  const found = await store.scan(range);
  return found
    .map(([key, value]) => `${key.toString('latin1')}=${value.toString('latin1')}`)
    .join(' ');
}

/** What every CommittedStore does; called within a `describe` of its own, because it opens a store before each test. */
export function committedStoreSuite(open: () => Promise<StoresUnderTest>): void {
  let stores: StoresUnderTest;
  let store: CommittedStore;

  beforeEach(async () => {
    stores = await open();
    store = await stores.provider.open('0_0', 'rows');
  });
  afterEach(async () => {
    await store.close();
    await stores.close();
  });

  async function reopen(): Promise<void> {
    await store.close();
    store = await stores.provider.open('0_0', 'rows');
  }

  describe('a new store', () => {
    test('is empty and has no checkpoint', () => {
      expect(store.isEmpty).toBe(true);
      expect(store.checkpoint).toBeUndefined();
      expect(store.get(bytes('a'))).toBeUndefined();
      expect(entries(store)).toEqual([]);
    });

    test('stays empty and without a checkpoint when it is opened again', async () => {
      await reopen();

      expect(store.isEmpty).toBe(true);
      expect(store.checkpoint).toBeUndefined();
    });
  });

  test('says how many rows it holds, deleted ones left out, and nothing once it is closed', async () => {
    await store.apply(
      ['a', 'b', 'c'].map((key) => [bytes(key), bytes('1')]),
      checkpoint,
    );
    await store.apply([[bytes('b'), undefined]], {...checkpoint, offset: 8});

    const size = await store.size();
    await store.close();
    const closed = await store.size();
    store = await stores.provider.open('0_0', 'rows');

    expect(size).toMatchObject({entries: 2, isExact: true});
    expect(size?.bytes).toBeGreaterThan(0);
    expect(closed).toBeUndefined();
  });

  test('is told of once it was opened, also when it is closed', async () => {
    const other = await stores.provider.open('1_2', 'others');
    await other.close();

    const stored = await stores.provider.stored();

    expect(stored.map(({taskId, store: name}) => `${taskId} ${name}`).toSorted()).toEqual([
      '0_0 rows',
      '1_2 others',
    ]);
  });

  test('trap 9: applies writes in order together with the checkpoint', async () => {
    await store.apply(
      [
        [bytes('a'), bytes('1')],
        [bytes('b'), bytes('1')],
        [bytes('a'), bytes('2')],
        [bytes('b'), undefined],
      ],
      checkpoint,
    );

    expect(store.get(bytes('a'))).toEqual(bytes('2'));
    expect(store.get(bytes('b'))).toBeUndefined();
    expect(store.isEmpty).toBe(false);
    expect(store.checkpoint).toEqual(checkpoint);
  });

  test('has rows and checkpoint again after it was closed', async () => {
    await store.apply([[bytes('a'), bytes('1')]], {topicId: 'topic-1', offset: 1});
    await store.apply([[bytes('b'), bytes('2')]], checkpoint);

    await reopen();

    expect(entries(store)).toEqual(['a=1', 'b=2']);
    expect(store.isEmpty).toBe(false);
    expect(store.checkpoint).toEqual(checkpoint);
  });

  test('moves the checkpoint without writes', async () => {
    await store.apply([[bytes('a'), bytes('1')]], {topicId: 'topic-1', offset: 1});

    await store.apply([], checkpoint);
    await reopen();

    expect(store.checkpoint).toEqual(checkpoint);
    expect(entries(store)).toEqual(['a=1']);
  });

  test('keeps empty values apart from absent ones', async () => {
    await store.apply([[bytes('a'), Buffer.alloc(0)]], checkpoint);

    expect(store.get(bytes('a'))).toEqual(Buffer.alloc(0));
    expect(store.get(bytes('b'))).toBeUndefined();
  });

  describe('range', () => {
    beforeEach(async () => {
      const keys = ['b', 'a\x00', 'a', 'a\xff', 'ab', '\xff', '\xff\xff', '\x00'];
      await store.apply(
        keys.map((key, i) => [bytes(key), bytes(String(i))] as const),
        checkpoint,
      );
    });

    test('gives all entries in the order of the bytes', () => {
      expect(entries(store)).toEqual([
        '\x00=7',
        'a=2',
        'a\x00=1',
        'ab=4',
        'a\xff=3',
        'b=0',
        '\xff=5',
        '\xff\xff=6',
      ]);
    });

    test('gives the entries that begin with a prefix', () => {
      expect(entries(store, bytes('a'))).toEqual(['a=2', 'a\x00=1', 'ab=4', 'a\xff=3']);
      expect(entries(store, bytes('\xff'))).toEqual(['\xff=5', '\xff\xff=6']);
      expect(entries(store, bytes('c'))).toEqual([]);
    });

    test('gives the entries as of the call', async () => {
      const before = store.range(bytes('a'));

      await store.apply(
        [
          [bytes('a'), undefined],
          [bytes('aa'), bytes('new')],
        ],
        checkpoint,
      );

      expect([...before].map(([key]) => key.toString('latin1'))).toEqual([
        'a',
        'a\x00',
        'ab',
        'a\xff',
      ]);
      expect(entries(store, bytes('a'))).toEqual(['a\x00=1', 'aa=new', 'ab=4', 'a\xff=3']);
    });

    test('is the same after it was closed', async () => {
      const before = entries(store);

      await reopen();

      expect(entries(store)).toEqual(before);
    });
  });

  describe('scan', () => {
    beforeEach(async () => {
      const keys = ['b', 'a', 'c', 'ab', '\xff\xff', '\xff\xff\xff'];
      await store.apply(
        keys.map((key, i) => [bytes(key), bytes(String(i))] as const),
        checkpoint,
      );
    });

    test("gives all entries in the order of the bytes, and nothing that is the store's own", async () => {
      expect(await scanned(store, {limit: 10})).toBe('a=1 ab=3 b=0 c=2 \xff\xff=4 \xff\xff\xff=5');
    });

    test('gives the entries between two keys, both of them included', async () => {
      expect(await scanned(store, {from: bytes('ab'), to: bytes('c'), limit: 10})).toBe(
        'ab=3 b=0 c=2',
      );
      expect(await scanned(store, {from: bytes('aa'), to: bytes('bb'), limit: 10})).toBe(
        'ab=3 b=0',
      );
      expect(await scanned(store, {from: bytes('d'), to: bytes('e'), limit: 10})).toBe('');
    });

    test('gives the first ones where there are more', async () => {
      expect(await scanned(store, {limit: 2})).toBe('a=1 ab=3');
      expect(await scanned(store, {from: bytes('\xff'), limit: 1})).toBe('\xff\xff=4');
      expect(await scanned(store, {from: bytes('\xff\xff\x00'), limit: 1})).toBe('\xff\xff\xff=5');
    });

    test('gives entries that were not there yet at its call to the next one only', async () => {
      const before = scanned(store, {to: bytes('b'), limit: 10});

      await store.apply([[bytes('aa'), bytes('new')]], checkpoint);

      expect(await before).toBe('a=1 ab=3 b=0');
      expect(await scanned(store, {to: bytes('b'), limit: 10})).toBe('a=1 aa=new ab=3 b=0');
    });
  });

  test('loses rows and checkpoint when it is wiped, and can be filled again', async () => {
    await store.apply([[bytes('a'), bytes('1')]], checkpoint);

    await store.wipe();

    expect(store.isEmpty).toBe(true);
    expect(store.checkpoint).toBeUndefined();
    expect(store.get(bytes('a'))).toBeUndefined();
    expect(entries(store)).toEqual([]);
    await store.apply([[bytes('b'), bytes('2')]], {topicId: 'topic-2', offset: 1});
    await reopen();
    expect(entries(store)).toEqual(['b=2']);
    expect(store.checkpoint).toEqual({topicId: 'topic-2', offset: 1});
  });

  test('keeps the stores of different tasks and names apart', async () => {
    const others = [
      await stores.provider.open('0_1', 'rows'),
      await stores.provider.open('0_0', 'others'),
    ];

    await store.apply([[bytes('a'), bytes('1')]], checkpoint);

    for (const other of others) {
      expect(other.get(bytes('a'))).toBeUndefined();
      await other.close();
    }
  });

  test('refuses to be opened twice', async () => {
    await expect(stores.provider.open('0_0', 'rows')).rejects.toMatchObject({
      name: 'FatalError',
      code: 'STATE_DIRECTORY_LOCKED',
    });
  });
}
