import type {Client} from 'pg';
import {systemClock} from '../../src/common/clock.ts';
import {DIMENSION} from '../order-tables.ts';

/** The key of the n-th order: 36 characters in no order, as the seed's are, that can be told again from n. */
const ORDER_ID = `md5('order ' || n)::uuid::text`;

/** Orders into Postgres, the same for every system: the n-th is always the same one. */
export class OrderLoad {
  readonly #db: Client;
  #inserted = 0;
  #probes = 0;

  constructor(db: Client) {
    this.#db = db;
  }

  /** The number of orders so far, without probes. */
  get inserted(): number {
    return this.#inserted;
  }

  /** In transactions of at most 1,000. */
  async insert(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1000) await this.#insert(Math.min(1000, left));
  }

  /** An order that tells whether the system runs; none of the result's. */
  async insertProbe(): Promise<void> {
    await this.#db.query(
      `INSERT INTO products.orders (order_id, product_id, customer_id)
       VALUES ('probe-' || lpad($1, 30, '0'), 'product-0', 'customer-0')`,
      [String(this.#probes++)],
    );
  }

  /** Orders at a fixed rate, every 10 ms those that are due, in one transaction. */
  async insertAtRate(perSecond: number, seconds: number): Promise<void> {
    const start = performance.now();
    for (let sent = 0; ; await systemClock.sleep(10)) {
      const elapsed = (performance.now() - start) / 1000;
      if (elapsed >= seconds) return;
      const due = Math.floor(elapsed * perSecond) - sent;
      await this.insert(due);
      sent += due;
    }
  }

  /** When Postgres committed each order from the `first` on, in microseconds; takes track_commit_timestamp. */
  async commitTimes(first: number): Promise<ReadonlyMap<string, number>> {
    const {rows} = await this.#db.query<{order_id: string; micros: string}>(
      `SELECT order_id, (extract(epoch FROM pg_xact_commit_timestamp(o.xmin)) * 1000000)::bigint::text AS micros
       FROM generate_series($1::bigint, $2::bigint) n JOIN products.orders o ON o.order_id = ${ORDER_ID}`,
      [first, this.#inserted - 1],
    );
    return new Map(rows.map(({order_id: id, micros}) => [id, Number(micros)]));
  }

  async #insert(count: number): Promise<void> {
    await this.#db.query(
      `INSERT INTO products.orders (order_id, product_id, customer_id)
       SELECT ${ORDER_ID}, 'product-' || n * 7919 % ${DIMENSION}, 'customer-' || n * 104729 % ${DIMENSION} FROM generate_series($1::bigint, $2::bigint) n`,
      [this.#inserted, this.#inserted + count - 1],
    );
    this.#inserted += count;
  }
}
