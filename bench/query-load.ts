import {Agent, request} from 'node:http';
import {systemClock} from '../src/common/clock.ts';
import {DIMENSION} from './order-tables.ts';

/*
 * Asks a service for single rows of `customers_enriched` and `products`, in a process of its own: whatever holds up another load must not count as
 * the service's. No query waits for the answer to another one. Its argument is a {@link QueryLoad} as JSON, its output a {@link QueryResult}.
 */
export interface QueryLoad {
  readonly origin: string;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface QueryResult {
  readonly answered: number;
  /** Milliseconds from when a query was sent until its answer was read; without those of the first {@link STARTING_MS}. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly p999Ms: number | undefined;
  /** How much later than due it was sent, in milliseconds: a timer of this process may be so late. */
  readonly lateP99Ms: number | undefined;
}

/** While V8 compiles what this process does. */
const STARTING_MS = 2000;

const {origin, perSecond, seconds} = JSON.parse(process.argv[2] as string) as QueryLoad;
const agent = new Agent({keepAlive: true, maxSockets: 32});
const latencies: number[] = [];
const delays: number[] = [];
const open: Promise<void>[] = [];
const start = performance.now();
for (let sent = 0; sent < perSecond * seconds;) {
  const due = Math.floor(((performance.now() - start) * perSecond) / 1000);
  for (; sent < due; sent++) open.push(query(sent, start + (sent * 1000) / perSecond));
  await systemClock.sleep(1);
}
await Promise.all(open);
agent.destroy();
const result: QueryResult = {
  answered: latencies.length,
  p50Ms: quantile(latencies, 0.5),
  p99Ms: quantile(latencies, 0.99),
  p999Ms: quantile(latencies, 0.999),
  lateP99Ms: quantile(delays, 0.99),
};
console.log(JSON.stringify(result));

function query(serial: number, dueAt: number): Promise<void> {
  const n = (serial * 7919) % DIMENSION;
  const path =
    serial % 2 === 0
      ? `/api/tables/customers_enriched/customer-${n}`
      : `/api/tables/products/product-${n}`;
  const sentAt = performance.now();
  return new Promise((resolve, reject) => {
    request(`${origin}${path}`, {agent}, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`${path} answers ${response.statusCode}`));
          return;
        }
        if (dueAt - start >= STARTING_MS) {
          latencies.push(performance.now() - sentAt);
          delays.push(sentAt - dueAt);
        }
        resolve();
      });
    })
      .once('error', reject)
      .end();
  });
}

function quantile(values: readonly number[], at: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))];
  return found === undefined ? undefined : Number(found.toFixed(2));
}
