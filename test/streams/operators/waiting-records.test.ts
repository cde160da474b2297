import {describe, expect, test} from 'vitest';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';
import {releaseWaiting} from '../../../src/streams/operators/release-waiting.ts';
import {streamTableJoin} from '../../../src/streams/operators/stream-table-join.ts';
import {supersedeWaiting} from '../../../src/streams/operators/supersede-waiting.ts';
import {operatorStores, runOperator} from '../../../src/streams/testing/run-operator.ts';
import {SpelledHeader} from '../../support/spelled-header.ts';

interface Order {
  readonly id: string;
  readonly version: number;
}

const join = ({id, version}: Order, price: number): string => `${id} v${version} at ${price}`;
const waits = {store: 'waiting', id: ({id}: Order) => id};
const arrived = (price: number) => ({old: undefined, new: price});

const at = (lsn: bigint) => ({
  headers: [
    {
      key: SOURCE_POSITION_HEADER,
      value: encodeSourcePosition({name: 'shop', systemId: '7'}, lsn, 1),
    },
  ],
});

/** The three operators of one waiting join, over the same stores. */
function run() {
  const stores = operatorStores();
  const orders = runOperator(
    streamTableJoin<string, Order, number, string>('prices', join, waits),
    stores,
  );
  const prices = runOperator(
    releaseWaiting<string, Order, number, string>('waiting', 'prices', join),
    stores,
  );
  const versions = runOperator(supersedeWaiting<string, unknown>('waiting'), stores);
  return {orders, prices, versions, stores};
}

describe('releaseWaiting', () => {
  test('forwards all records that wait for the row, oldest first, once', () => {
    const {orders, prices} = run();
    for (const id of ['o2', 'o1', 'o3']) orders.send('p1', {id, version: 1});
    orders.send('p10', {id: 'o4', version: 1});

    const released = prices.send('p1', arrived(9));

    expect(released.map(({key, value}) => [key, value])).toEqual([
      ['p1', 'o2 v1 at 9'],
      ['p1', 'o1 v1 at 9'],
      ['p1', 'o3 v1 at 9'],
    ]);
    expect(prices.send('p1', arrived(10))).toEqual([]);
    expect(prices.send('p10', arrived(1))).toMatchObject([{value: 'o4 v1 at 1'}]);
  });

  test('holds nothing of what a record was fetched with while it waits', () => {
    const {orders, prices} = run();
    const fetched = Buffer.from('a fetch');
    orders.send(
      'p1',
      {id: 'o1', version: 1},
      {headers: [{key: 'h', value: fetched.subarray(2)}, new SpelledHeader('l', 'lineage')]},
    );
    fetched.fill(0);

    const [released] = prices.send('p1', arrived(9));

    expect(released?.headers).toEqual([
      {key: 'h', value: Buffer.from('fetch')},
      {key: 'l', value: Buffer.from('lineage')},
    ]);
  });

  test('takes the later time of record and row, and the headers of the record', () => {
    const {orders, prices} = run();
    const headers = [{key: 'h', value: Buffer.of(1)}];
    orders.send('p1', {id: 'o1', version: 1}, {timestamp: 5, headers});
    orders.send('p1', {id: 'o2', version: 1}, {timestamp: 20});

    const released = prices.send('p1', arrived(9), {timestamp: 10});

    expect(released).toMatchObject([
      {timestamp: 10, headers},
      {timestamp: 20, headers: []},
    ]);
  });

  test('releases nothing when the row goes away', () => {
    const {orders, prices} = run();
    orders.send('p1', {id: 'o1', version: 1});

    expect(prices.send('p1', {old: 9, new: undefined})).toEqual([]);
    expect(prices.send('p1', arrived(9))).toHaveLength(1);
  });

  test('leaves nothing but the count behind', () => {
    const {orders, prices, stores} = run();
    orders.send('p1', {id: 'o1', version: 1});
    orders.send('p1', {id: 'o2', version: 1});

    prices.send('p1', arrived(9));

    expect([...stores.store('waiting').range()]).toMatchObject([[{}, {count: 0, next: 2}]]);
  });
});

describe('supersedeWaiting', () => {
  test('forgets the version that waits, wherever it waits, and forwards nothing', () => {
    const {orders, prices, versions} = run();
    orders.send('p1', {id: 'o1', version: 1});
    orders.send('p1', {id: 'o2', version: 1});

    expect(versions.send('o1', null)).toEqual([]);

    expect(versions.dropped()).toEqual({superseded: 1});
    expect(prices.send('p1', arrived(9))).toMatchObject([{value: 'o2 v1 at 9'}]);
  });

  test('does nothing to a record that does not wait', () => {
    const {orders, prices, versions} = run();
    orders.send('p1', {id: 'o1', version: 1});

    versions.send('o2', null);
    versions.send('p1', null);

    expect(versions.dropped()).toEqual({});
    expect(prices.send('p1', arrived(9))).toHaveLength(1);
  });

  test('crosses partitions, and says so', () => {
    expect(supersedeWaiting('waiting').crossPartition).toBe(true);
  });
});

describe('streamTableJoin that waits', () => {
  test('keeps the newest version of a record only, wherever the older one waited', () => {
    const {orders, prices} = run();
    orders.send('p1', {id: 'o1', version: 1});
    orders.send('p2', {id: 'o2', version: 1});

    orders.send('p1', {id: 'o1', version: 2});
    orders.send('p1', {id: 'o2', version: 2});

    expect(prices.send('p1', arrived(9)).map(({value}) => value)).toEqual([
      'o1 v2 at 9',
      'o2 v2 at 9',
    ]);
    expect(prices.send('p2', arrived(9))).toEqual([]);
  });

  test.each(['p1', 'p2'])(
    'keeps the version that the source wrote last, though an older one comes after it for %s',
    (key) => {
      const {orders, prices} = run();
      orders.send('p1', {id: 'o1', version: 2}, at(2n));

      orders.send(key, {id: 'o1', version: 1}, at(1n));

      expect(orders.dropped()).toEqual({superseded: 1});
      expect(prices.send('p1', arrived(9))).toMatchObject([{value: 'o1 v2 at 9'}]);
      expect(prices.send('p2', arrived(9))).toEqual([]);
    },
  );

  test('joins at once where the row is there, and keeps nothing', () => {
    const {orders, stores} = run();
    stores.store<string, number>('prices').put('p1', 9);

    expect(orders.send('p1', {id: 'o1', version: 1})).toMatchObject([{value: 'o1 v1 at 9'}]);
    expect([...stores.store('waiting').range()]).toEqual([]);
  });

  test('drops and counts null keys and null values, which wait for nothing', () => {
    const {orders, stores} = run();

    orders.send('p1', null);
    orders.send(null as unknown as string, {id: 'o1', version: 1});

    expect(orders.dropped()).toEqual({null_value: 1, null_key: 1});
    expect([...stores.store('waiting').range()]).toEqual([]);
  });
});
