import * as fc from 'fast-check';
import type {Topic} from '../../src/streams/topic.ts';
import * as topics from '../../src/topics.ts';
import type {Row} from './versions.ts';

export type Change = DimensionChange | OrderChange;

export interface DimensionChange {
  readonly table: 'customers' | 'demographics' | 'products';
  readonly id: string;
  readonly text: string | null;
  readonly deleted: boolean;
}

export interface OrderChange {
  readonly table: 'orders';
  readonly id: string;
  readonly product: string | null;
  readonly customer: string | null;
  readonly deleted: boolean;
}

/** Few ids and few values, so that changes meet each other. */
const idOf = fc.constantFrom('1', '2');
const deleted = fc.nat({max: 5}).map((n) => n === 5);
const dimension: fc.Arbitrary<DimensionChange> = fc.record({
  table: fc.constantFrom('customers', 'demographics', 'products'),
  id: idOf,
  text: fc.constantFrom('a', 'b', null),
  deleted,
});
const order: fc.Arbitrary<OrderChange> = fc.record({
  table: fc.constant('orders'),
  id: idOf,
  product: fc.option(idOf, {freq: 6}),
  customer: fc.option(idOf, {freq: 6}),
  deleted,
});

export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  {arbitrary: dimension, weight: 3},
  {arbitrary: order, weight: 2},
);

/** The row as the source has it after the change, or had it before a deletion; products without `deleted`. */
export function rowOf(change: Change): Row {
  const {table, id} = change;
  switch (table) {
    case 'customers':
      return {id, first_name: 'f', last_name: null, email: change.text, phone: null};
    case 'demographics': {
      const rest = {zip_code: null, country: null, country_code: null};
      return {id, street_address: 's', state: change.text, ...rest};
    }
    case 'products':
      return {product_id: id, size: null, product: 'p', department: null, price: change.text};
    case 'orders':
      return {order_id: id, product_id: change.product, customer_id: change.customer};
    default:
      return table satisfies never;
  }
}

/** A record of a source topic. */
export interface CdcRecord {
  readonly topic: Topic<unknown, unknown>;
  readonly key: unknown;
  readonly value: unknown;
}

/** What Debezium writes for the change: a deletion is followed by a tombstone. */
export function cdcRecords(change: Change): readonly CdcRecord[] {
  const written = cdcRecord(change);
  return change.deleted ? [written, {...written, value: null}] : [written];
}

function cdcRecord(change: Change): CdcRecord {
  const {table, id, deleted: gone} = change;
  const row = rowOf(change) as never;
  const envelope = {
    before: null,
    after: gone ? null : row,
    op: gone ? ('d' as const) : ('u' as const),
  };
  const flat = {...(row as object), __deleted: String(gone)} as never;
  switch (table) {
    case 'customers':
      return record(topics.customersCdc, {id}, envelope);
    case 'demographics':
      return record(topics.demographicsCdc, {id}, envelope);
    case 'products':
      return record(topics.productsCdc, {product_id: id}, flat);
    case 'orders':
      return record(topics.ordersCdc, {order_id: id}, flat);
    default:
      return table satisfies never;
  }
}

function record<K, V>(topic: Topic<K, V>, key: K, value: V): CdcRecord {
  return {topic: topic as unknown as CdcRecord['topic'], key, value};
}
