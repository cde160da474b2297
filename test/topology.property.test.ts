import {isDeepStrictEqual} from 'node:util';
import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {TopologyTestDriver} from '../src/streams/testing/topology-test-driver.ts';
import {ordersTopology} from '../src/topology.ts';
import type {OrdersTopologyOptions} from '../src/topology.ts';
import * as topics from '../src/topics.ts';
import {anyChange, cdcRecords, rowOf} from './support/order-changes.ts';
import type {Change, OrderChange} from './support/order-changes.ts';
import {Versions} from './support/versions.ts';
import type {Row} from './support/versions.ts';

type OrdersDeletes = OrdersTopologyOptions['ordersDeletes'];

const history = fc.array(anyChange, {minLength: 1, maxLength: 50, size: 'max'});

/** The newest version of an order, and the step that committed it. */
interface OrderVersion {
  readonly product: string | null;
  readonly customer: string | null;
  readonly step: number;
}

/** The sources as SQL sees them, and beside them a driver that gets every change as Debezium writes it. */
class Sources {
  readonly driver: TopologyTestDriver;
  readonly orders = new Map<string, OrderVersion>();
  readonly deletedOrders = new Set<string>();
  readonly #dimensions = {
    customers: new Versions(),
    demographics: new Versions(),
    products: new Versions(),
  };
  #step = 0;

  constructor(ordersDeletes: OrdersDeletes) {
    this.driver = new TopologyTestDriver(ordersTopology({semantics: 'cdc', ordersDeletes}));
  }

  /** Commits the change and returns what orders_enriched got for it. */
  apply(change: Change): readonly (readonly [string, Row | null])[] {
    this.#step += 1;
    if (change.table === 'orders') this.#applyOrder(change);
    else {
      const row = change.deleted ? undefined : rowOf(change);
      this.#dimensions[change.table].set(change.id, row, this.#step);
    }
    for (const {topic, key, value} of cdcRecords(change)) this.driver.input(topic).pipe(key, value);
    return this.driver.output(topics.ordersEnriched).read();
  }

  #applyOrder({id, product, customer, deleted: gone}: OrderChange): void {
    if (gone) {
      this.deletedOrders.add(id);
    } else {
      this.deletedOrders.delete(id);
      this.orders.set(id, {product, customer, step: this.#step});
    }
  }

  /** What SQL says of this order right now; undefined where it joins nothing. */
  joined(id: string): Row | undefined {
    const version = this.orders.get(id);
    const product = this.#dimensions.products.current(version?.product ?? '');
    const person = this.#person(version);
    return product && person && {order_id: id, ...product, ...person};
  }

  /** Whether this row may go out now: product as of any time since the order's commit, customer as of now. */
  allows(id: string, row: Row): boolean {
    const version = this.orders.get(id);
    const person = this.#person(version);
    if (version === undefined || person === undefined) return false;
    return this.#dimensions.products
      .since(version.product ?? '', version.step)
      .some((product) => isDeepStrictEqual(row, {order_id: id, ...product, ...person}));
  }

  #person(version: OrderVersion | undefined): Row | undefined {
    const customer = this.#dimensions.customers.current(version?.customer ?? '');
    const demographic = this.#dimensions.demographics.current(version?.customer ?? '');
    return customer && demographic && {...customer, ...demographic};
  }
}

describe.each<OrdersDeletes>(['ignore', 'propagate'])(
  'ordersTopology with cdc semantics that is to %s deletes of orders',
  {timeout: 60_000},
  (ordersDeletes) => {
    test('emits nothing but what SQL would say, and nothing stale', () => {
      fc.assert(
        fc.property(history, (changes) => {
          const sources = new Sources(ordersDeletes);

          const wrong = changes.flatMap((change) =>
            sources
              .apply(change)
              .filter(([id, row]) =>
                row === null ? !sources.deletedOrders.has(id) : !sources.allows(id, row),
              ),
          );

          expect(wrong).toEqual([]);
        }),
        {numRuns: 300},
      );
    });

    test('has emitted the newest version of every order whose product and customer exist', () => {
      fc.assert(
        fc.property(history, (changes) => {
          const sources = new Sources(ordersDeletes);
          const emitted = new Map<string, OrderVersion | 'tombstone' | undefined>();
          for (const change of changes) {
            for (const [id, row] of sources.apply(change)) {
              emitted.set(id, row === null ? 'tombstone' : sources.orders.get(id));
            }
          }

          const missing = [...sources.orders].filter(([id, version]) => {
            if (!sources.deletedOrders.has(id)) {
              return sources.joined(id) !== undefined && emitted.get(id) !== version;
            }
            return ordersDeletes === 'propagate' && emitted.get(id) !== 'tombstone';
          });

          expect(missing).toEqual([]);
        }),
        {numRuns: 300},
      );
    });

    test('equals SQL once every order was touched with the dimensions at rest', () => {
      fc.assert(
        fc.property(history, (changes) => {
          const sources = new Sources(ordersDeletes);
          for (const change of changes) sources.apply(change);

          const live = [...sources.orders].filter(([id]) => !sources.deletedOrders.has(id));
          const touched = live.flatMap(([id, {product, customer}]) =>
            sources.apply({table: 'orders', id, product, customer, deleted: false}),
          );

          const joined = live.map(([id]) => [id, sources.joined(id)] as const);
          expect(touched).toEqual(joined.filter(([, row]) => row !== undefined));
        }),
        {numRuns: 300},
      );
    });

    test('counts exactly the records that wait, at most one per order', () => {
      fc.assert(
        fc.property(history, (changes) => {
          const sources = new Sources(ordersDeletes);
          for (const change of changes) sources.apply(change);

          for (const topic of [topics.ordersWaitingForProduct, topics.ordersWaitingForCustomer]) {
            const entries = [...sources.driver.table<Buffer, WaitingColumns>(topic as never)];
            const rows = entries.flatMap(([, {row}]) => (row === null ? [] : [row.order_id]));
            const count = entries.find(([, entry]) => entry.count !== null)?.[1].count ?? 0;
            const links = entries.filter(([, entry]) => entry.link !== null && entry.row === null);

            expect([rows.length, links.length]).toEqual([count, count]);
            expect(new Set(rows).size).toBe(rows.length);
          }
        }),
        {numRuns: 200},
      );
    });
  },
);

interface WaitingColumns {
  readonly row: {readonly order_id: string} | null;
  readonly link: Buffer | null;
  readonly count: number | null;
}
