import type {Client} from 'pg';
import type {Clock} from '../common/clock.ts';
import type {Component, ComponentState, ComponentStatus} from '../common/component.ts';
import {messageOf} from '../common/errors.ts';
import type {Logger} from '../common/logger.ts';
import {connectDemo} from './demo-databases.ts';
import type {DemoDatabase, DemoServer} from './demo-databases.ts';
import {nextStep} from './demo-step.ts';
import type {FreshIds, KnownIds} from './demo-step.ts';
import {Random} from './random.ts';

/** The seed's pace. */
const PAUSE_MS = 500;

type Clients = Readonly<Record<DemoDatabase, Client>>;

/** Customers at work: an order every half second, and now and then a change of what the orders are joined with. */
export class DemoWorkload implements Component {
  readonly name = 'demo workload';
  readonly #server: DemoServer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state: ComponentState = 'starting';
  #orders = 0;

  constructor(server: DemoServer, {clock, logger}: {clock: Clock; logger: Logger}) {
    this.#server = server;
    this.#clock = clock;
    this.#logger = logger;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#session(signal);
      } catch (error) {
        this.#state = 'retrying';
        this.#logger.warn({reason: messageOf(error)}, 'The demo workload connects again');
        await this.#clock.sleep(PAUSE_MS, signal);
      }
    }
    this.#state = 'stopped';
  }

  status(): ComponentStatus {
    return {state: this.#state, orders: this.#orders};
  }

  async #session(signal: AbortSignal): Promise<void> {
    const customers = await connectDemo(this.#server, 'customers');
    try {
      const products = await connectDemo(this.#server, 'products');
      try {
        await this.#steps({customers, products}, signal);
      } finally {
        await products.end();
      }
    } finally {
      await customers.end();
    }
  }

  async #steps(clients: Clients, signal: AbortSignal): Promise<void> {
    const ids: KnownIds = {
      customers: await column(clients.customers, 'SELECT id FROM customers.demographics'),
      products: await column(clients.products, 'SELECT product_id FROM products.products'),
    };
    const [count = '0'] = await column(clients.products, 'SELECT count(*) FROM products.orders');
    const random = new Random(Number(count));
    this.#state = 'running';
    while (!signal.aborted) {
      const {rows} = await clients.products.query<FreshIds>(
        'SELECT gen_random_uuid() AS order, gen_random_uuid() AS row',
      );
      for (const {database, sql, values} of nextStep(random, ids, rows[0] as FreshIds))
        await clients[database].query(sql, [...values]);
      this.#orders++;
      await this.#clock.sleep(PAUSE_MS, signal);
    }
  }
}

/** The first column of all rows. */
async function column(client: Client, sql: string): Promise<string[]> {
  const {rows} = await client.query<[string]>({text: sql, rowMode: 'array'});
  return rows.map(([value]) => value);
}
