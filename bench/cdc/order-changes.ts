import type {Client} from 'pg';
import {systemClock} from '../../src/common/clock.ts';

/** Of one transaction: 60 inserts, 30 updates and 10 deletes, each of the deletes with its tombstone. */
const CHANGES = 100;
const RECORDS = 110;
const INSERTS = 60;

const ROW = `'customer-' || n % 1000, 'new', n % 10000 / 100.0, 'left at the door, ring twice ' || n, now()`;

/** Orders that are placed, paid and deleted again. */
export class OrderChanges {
  readonly #db: Client;
  #next: number;

  private constructor(db: Client, rows: number) {
    this.#db = db;
    this.#next = rows;
  }

  /** Makes the tables: `rows` orders (1,000 at least), and nothing in `bulk`. */
  static async create(db: Client, rows: number): Promise<OrderChanges> {
    await db.query(`
      CREATE TABLE orders (id bigint PRIMARY KEY, customer varchar(40) NOT NULL, status varchar(20) NOT NULL, amount numeric(12, 2), note text, placed_at timestamptz);
      CREATE TABLE bulk (id bigint PRIMARY KEY, hash text, amount int, made_at timestamptz);
      INSERT INTO orders SELECT n, ${ROW} FROM generate_series(0, ${rows - 1}) n;
      CHECKPOINT`);
    return new OrderChanges(db, rows);
  }

  /** At least `count` changes, in transactions of 100. Resolves with the numbers of changes and of their records. */
  async write(count: number): Promise<{readonly changes: number; readonly records: number}> {
    const transactions = Math.ceil(count / CHANGES);
    const first = this.#next;
    await this.#db.query(`
      DO $$ DECLARE at bigint := ${first}; BEGIN
        FOR i IN 1..${transactions} LOOP
          INSERT INTO orders SELECT n, ${ROW} FROM generate_series(at, at + ${INSERTS - 1}) n;
          UPDATE orders SET status = 'paid', amount = amount + 1 WHERE id BETWEEN at - 60 AND at - 31;
          DELETE FROM orders WHERE id BETWEEN at - 120 AND at - 111;
          COMMIT;
          at := at + ${INSERTS};
        END LOOP;
      END $$`);
    this.#next = first + transactions * INSERTS;
    return {changes: transactions * CHANGES, records: transactions * RECORDS};
  }

  /** Inserts at a fixed rate, every 10 ms those that are due, in one transaction. Resolves with their number. */
  async writeAtRate(perSecond: number, seconds: number): Promise<number> {
    const start = performance.now();
    for (let sent = 0; ; await systemClock.sleep(10)) {
      const elapsed = (performance.now() - start) / 1000;
      if (elapsed >= seconds) return sent;
      const due = Math.floor(elapsed * perSecond) - sent;
      if (due > 0)
        await this.#db.query(
          `INSERT INTO orders SELECT n, ${ROW} FROM generate_series(${this.#next}, ${this.#next + due - 1}) n`,
        );
      this.#next += Math.max(0, due);
      sent += Math.max(0, due);
    }
  }

  /** `rows` inserts into `bulk`, in one transaction. */
  async writeBulk(rows: number): Promise<void> {
    await this.#db.query(
      `INSERT INTO bulk SELECT n, md5(n::text), n % 1000, now() FROM generate_series(1, ${rows}) n`,
    );
  }
}
