import type {Client} from 'pg';
import type {Random} from './random.ts';
import {Versions} from './versions.ts';
import type {Row} from './versions.ts';

const columns = {
  customers: ['id', 'first_name', 'last_name', 'email', 'phone'],
  demographics: ['id', 'street_address', 'state', 'zip_code', 'country', 'country_code'],
  products: ['product_id', 'size', 'product', 'department', 'price'],
  orders: ['order_id', 'product_id', 'customer_id'],
} as const;

export type Table = keyof typeof columns;

const schemaOf: Readonly<Record<Table, string>> = {
  customers: 'customers.customers',
  demographics: 'customers.demographics',
  products: 'products.products',
  orders: 'products.orders',
};

/**
 * A random writer on the four tables, one transaction a step: inserts, updates, NULLs, deletes, re-inserts, primary-key
 * changes, rollbacks, orders that come before their product or customer. Remembers every version it has committed.
 */
export class OrderWorkload {
  readonly versions: Readonly<Record<Table, Versions>> = {
    customers: new Versions(),
    demographics: new Versions(),
    products: new Versions(),
    orders: new Versions(),
  };
  readonly #customersDb: Client;
  readonly #productsDb: Client;
  readonly #random: Random;
  /** Ids that orders already name and no row has yet. */
  readonly #awaited: Record<'customers' | 'products', string[]> = {customers: [], products: []};
  #step = 0;
  #serial = 0;
  orders = 0;

  constructor(customersDb: Client, productsDb: Client, random: Random) {
    this.#customersDb = customersDb;
    this.#productsDb = productsDb;
    this.#random = random;
  }

  /** The seed's tables, and `rows` rows in each dimension. */
  async create(rows: number): Promise<void> {
    await this.#customersDb.query(
      `CREATE SCHEMA customers; CREATE TABLE customers.customers (${columnsSql('customers')}); CREATE TABLE customers.demographics (${columnsSql('demographics')})`,
    );
    await this.#productsDb.query(
      `CREATE SCHEMA products; CREATE TABLE products.products (${columnsSql('products')}); CREATE TABLE products.orders (${columnsSql('orders')}, create_time timestamp DEFAULT now())`,
    );
    for (let n = 0; n < rows; n++) {
      const id = this.#id('c');
      await this.#write('customers', [this.#row('customers', id)]);
      await this.#write('demographics', [this.#row('demographics', id)]);
      await this.#write('products', [this.#row('products', this.#id('p'))]);
    }
  }

  /** One transaction. */
  async step(): Promise<void> {
    this.#step++;
    const dice = this.#random.below(100);
    if (dice < 55) return this.#insertOrders(1 + this.#random.below(60));
    if (dice < 63) return this.#updateOrders();
    if (dice < 66) return this.#deleteOrders();
    if (dice < 69) return this.#moveOrder();
    if (dice < 78)
      return this.#updateDimension(this.#random.pick(['customers', 'demographics', 'products']));
    if (dice < 84) return this.#deliverAwaited();
    if (dice < 87)
      return this.#deleteDimension(this.#random.pick(['customers', 'demographics', 'products']));
    if (dice < 90) return this.#moveProduct();
    if (dice < 95) return this.#priceAndOrder();
    return this.#rollBack();
  }

  /** Updates every order without changing what the topology reads, so that each is joined once more. */
  async touchAllOrders(): Promise<void> {
    this.#step++;
    await this.#productsDb.query(
      `UPDATE products.orders SET create_time = create_time + interval '1 second'`,
    );
    for (const key of this.versions.orders.keys())
      this.versions.orders.set(key, this.versions.orders.current(key), this.#step);
  }

  /** What SQL says of the current rows: orders that have a product, a customer and demographics, whole. */
  expected(): ReadonlyMap<string, Row> {
    const {customers, demographics, products, orders} = this.versions;
    const joined = new Map<string, Row>();
    for (const key of orders.keys()) {
      const order = orders.current(key) as Row;
      const product = products.current(order['product_id'] ?? '');
      const customer = customers.current(order['customer_id'] ?? '');
      const home = demographics.current(order['customer_id'] ?? '');
      if (product && customer && home)
        joined.set(key, {order_id: key, ...product, ...customer, ...home});
    }
    return joined;
  }

  async #insertOrders(count: number): Promise<void> {
    const rows: Row[] = [];
    for (let n = 0; n < count; n++) rows.push(this.#newOrder(this.#id('o')));
    await this.#write('orders', rows);
    this.orders += count;
  }

  #newOrder(id: string): Row {
    return {
      order_id: id,
      product_id: this.#reference('products', 'p'),
      customer_id: this.#reference('customers', 'c'),
    };
  }

  #reference(table: 'customers' | 'products', prefix: string): string | null {
    const dice = this.#random.below(100);
    if (dice < 2) return null;
    if (dice < 8) {
      const id = this.#id(prefix);
      this.#awaited[table].push(id);
      return id;
    }
    if (dice < 12 && this.#awaited[table].length > 0)
      return this.#random.pick(this.#awaited[table]);
    return this.#random.pick(this.versions[table].keys());
  }

  async #updateOrders(): Promise<void> {
    const keys = this.versions.orders.keys();
    if (keys.length === 0) return;
    const chosen = new Set(Array.from({length: 5}, () => this.#random.pick(keys)));
    await this.#write(
      'orders',
      [...chosen].map((key) => this.#newOrder(key)),
    );
  }

  async #deleteOrders(): Promise<void> {
    const keys = this.versions.orders.keys();
    if (keys.length === 0) return;
    const key = this.#random.pick(keys);
    await this.#delete('orders', key);
    if (this.#random.chance(0.5)) {
      this.#step++;
      await this.#write('orders', [this.#newOrder(key)]);
    }
  }

  /** An order gets another primary key: to the topology the old one is deleted and a new one created. */
  async #moveOrder(): Promise<void> {
    const keys = this.versions.orders.keys();
    if (keys.length === 0) return;
    await this.#move('orders', this.#random.pick(keys), this.#id('o'));
  }

  async #moveProduct(): Promise<void> {
    await this.#move('products', this.#random.pick(this.versions.products.keys()), this.#id('p'));
  }

  async #updateDimension(table: 'customers' | 'demographics' | 'products'): Promise<void> {
    const key = this.#random.pick(this.versions[table].keys());
    const row = {...(this.versions[table].current(key) as Row)};
    const column = this.#random.pick(columns[table].slice(1));
    row[column] = this.#random.chance(0.2) ? null : `${column} ${this.#step} "ü€\\`;
    await this.#write(table, [row]);
  }

  async #deliverAwaited(): Promise<void> {
    const product = this.#awaited.products.shift();
    if (product !== undefined) await this.#write('products', [this.#row('products', product)]);
    const customer = this.#awaited.customers.shift();
    if (customer === undefined) return;
    this.#step++;
    await this.#write('demographics', [this.#row('demographics', customer)]);
    this.#step++;
    await this.#write('customers', [this.#row('customers', customer)]);
  }

  async #deleteDimension(table: 'customers' | 'demographics' | 'products'): Promise<void> {
    const keys = this.versions[table].keys();
    if (keys.length < 20) return;
    const key = this.#random.pick(keys);
    await this.#delete(table, key);
    if (this.#random.chance(0.7)) {
      this.#step++;
      await this.#write(table, [this.#row(table, key)]);
    }
  }

  /** A new price and an order for it, in one transaction. */
  async #priceAndOrder(): Promise<void> {
    const key = this.#random.pick(this.versions.products.keys());
    const product: Row = {
      ...(this.versions.products.current(key) as Row),
      price: `$${this.#step}.00`,
    };
    const order: Row = {...this.#newOrder(this.#id('o')), product_id: key};
    await this.#productsDb.query('BEGIN');
    await this.#write('products', [product]);
    await this.#write('orders', [order]);
    await this.#productsDb.query('COMMIT');
    this.orders++;
  }

  async #rollBack(): Promise<void> {
    await this.#productsDb.query('BEGIN');
    await this.#productsDb.query(
      `INSERT INTO products.orders (order_id, product_id) VALUES ('rolled-back-${this.#serial++}', 'none')`,
    );
    await this.#productsDb.query('ROLLBACK');
  }

  /** Inserts the rows, or updates those that exist. */
  async #write(table: Table, rows: readonly Row[]): Promise<void> {
    const names = columns[table];
    const key = names[0];
    await this.#client(table).query(
      `INSERT INTO ${schemaOf[table]} (${names.join(', ')}) SELECT * FROM unnest(${names.map((_, at) => `$${at + 1}::text[]`).join(', ')})
       ON CONFLICT (${key}) DO UPDATE SET ${names
         .slice(1)
         .map((name) => `${name} = excluded.${name}`)
         .join(', ')}`,
      names.map((name) => rows.map((row) => row[name] ?? null)),
    );
    for (const row of rows) this.versions[table].set(row[key] as string, row, this.#step);
  }

  async #delete(table: Table, key: string): Promise<void> {
    await this.#client(table).query(
      `DELETE FROM ${schemaOf[table]} WHERE ${columns[table][0]} = $1`,
      [key],
    );
    this.versions[table].set(key, undefined, this.#step);
  }

  async #move(table: Table, from: string, to: string): Promise<void> {
    const key = columns[table][0];
    await this.#client(table).query(`UPDATE ${schemaOf[table]} SET ${key} = $2 WHERE ${key} = $1`, [
      from,
      to,
    ]);
    const row = {...(this.versions[table].current(from) as Row), [key]: to};
    this.versions[table].set(from, undefined, this.#step);
    this.versions[table].set(to, row, this.#step);
  }

  #client(table: Table): Client {
    return table === 'customers' || table === 'demographics' ? this.#customersDb : this.#productsDb;
  }

  #id(prefix: string): string {
    return `${prefix}-${this.#serial++}`;
  }

  #row(table: Table, id: string): Row {
    const [key, ...rest] = columns[table];
    return Object.fromEntries([
      [key, id],
      ...rest.map((name) => [name, `${name} of ${id} at ${this.#step}`]),
    ]) as Row;
  }
}

function columnsSql(table: Table): string {
  return columns[table]
    .map((name, at) => `${name} varchar(255)${at === 0 ? ' PRIMARY KEY' : ''}`)
    .join(', ');
}
