import {rowOf} from './order-changes.ts';
import type {Change, OrderChange} from './order-changes.ts';
import type {Row} from './versions.ts';

type Table = ReadonlyMap<string, Row>;

/** The rows of the sources, and their joins, computed all at once: what a pipeline's tables are compared with. */
export class SourceTables {
  readonly #semantics: 'cdc' | 'ksqldb';
  readonly #rows = {
    customers: new Map<string, Row>(),
    demographics: new Map<string, Row>(),
    products: new Map<string, Row>(),
  };
  readonly #orders = new Map<string, OrderChange>();

  constructor(semantics: 'cdc' | 'ksqldb') {
    this.#semantics = semantics;
  }

  apply(change: Change): void {
    if (change.table === 'orders') {
      if (change.deleted) this.#orders.delete(change.id);
      else this.#orders.set(change.id, change);
      return;
    }
    const {table, id, deleted} = change;
    const rows = this.#rows[table];
    const row = table === 'products' ? {...rowOf(change), deleted: String(deleted)} : rowOf(change);
    if (this.#semantics === 'cdc') {
      if (deleted) rows.delete(id);
      else rows.set(id, row);
    } else if (table === 'products' || !deleted) {
      rows.set(id, latestNonNull(rows.get(id), row));
    }
  }

  get customers(): Table {
    return this.#rows.customers;
  }

  get products(): Table {
    return this.#rows.products;
  }

  get customersEnriched(): Table {
    const {customers, demographics} = this.#rows;
    const both = [...customers.keys()].filter((id) => demographics.has(id));
    return new Map(both.map((id) => [id, {...customers.get(id), ...demographics.get(id)}]));
  }

  /** Orders as they stand. */
  get orders(): readonly OrderChange[] {
    return [...this.#orders.values()];
  }

  /** The orders whose product and customer exist, with both. */
  get ordersEnriched(): Table {
    const customers = this.customersEnriched;
    return new Map(
      this.orders.flatMap(({id, product, customer}): (readonly [string, Row])[] => {
        const bought = this.products.get(product ?? '');
        const person = customers.get(customer ?? '');
        if (bought === undefined || person === undefined) return [];
        const {deleted: _deleted, ...columns} = bought;
        return [[id, {order_id: id, ...columns, ...person}]];
      }),
    );
  }
}

/** ksqlDB's `LATEST_BY_OFFSET` of each column. */
function latestNonNull(old: Row | undefined, row: Row): Row {
  const known = Object.entries(row).filter(([, value]) => value !== null);
  return {...row, ...old, ...Object.fromEntries(known)};
}
