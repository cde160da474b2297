import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import {TopologyTestDriver} from '../../../src/streams/testing/topology-test-driver.ts';
import {ordersTopology} from '../../../src/topology.ts';
import type {OrdersTopologyOptions} from '../../../src/topology.ts';
import * as topics from '../../../src/topics.ts';
import {faultPoints} from '../../support/faulty-kafka.ts';
import type {Fault} from '../../support/faulty-kafka.ts';
import {anyChange, cdcRecords} from '../../support/order-changes.ts';
import type {Change} from '../../support/order-changes.ts';
import {SourceTables} from '../../support/source-tables.ts';
import {CrashingApp} from './crashing-app.ts';
import {newestByKey} from './topic-rows.ts';

/** A run takes a fifth of a second; what is left of this is for shrinking a failure. */
const TIME_LIMIT_MS = 40_000;

type SourceTransaction = readonly Change[];

/** The databases that the tables are in: each commits its own transactions. */
const sourceOf = {
  customers: 'customers',
  demographics: 'customers',
  products: 'products',
  orders: 'products',
} as const;

const inCustomers = anyChange.filter(({table}) => sourceOf[table] === 'customers');
const inProducts = anyChange.filter(({table}) => sourceOf[table] === 'products');
const transaction = fc.oneof(
  fc.array(inCustomers, {minLength: 1, maxLength: 4}),
  fc.array(inProducts, {minLength: 1, maxLength: 4}),
);

/** How often a point is passed at most before something goes wrong there: each commit writes to several stores. */
const passes = (point: Fault['point']): number => (point.endsWith('apply') ? 9 : 3);
const fault: fc.Arbitrary<Fault> = fc.constantFrom(...faultPoints).chain((point) =>
  fc.record({
    point: fc.constant(point),
    nth: fc.integer({min: 1, max: passes(point)}),
    kind: fc.constantFrom('crash', 'crash', 'error'),
  }),
);

const run = fc.record({
  /** What is committed before the app looks again. */
  batches: fc.array(fc.array(transaction, {minLength: 1, maxLength: 5}), {
    minLength: 1,
    maxLength: 8,
    size: 'max',
  }),
  processes: fc.array(fc.array(fault, {minLength: 1, maxLength: 2}), {maxLength: 6, size: 'max'}),
  log: fc.constantFrom('dies', 'lives'),
  stores: fc.constantFrom('level', 'memory', 'lost'),
  maxPartitionBytes: fc.constantFrom(1, 300, 1 << 20),
  maxBufferedRecords: fc.constantFrom(1, 3, 1000),
});

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

const published = [
  topics.customersFlattened,
  topics.customers,
  topics.demographicsFlattened,
  topics.demographics,
  topics.customersEnriched,
  topics.productsRekeyed,
  topics.products,
  topics.ordersRekeyed,
  topics.ordersEnriched,
] as unknown as readonly Topic<unknown, unknown>[];

/** Runs it to the end, with one more transaction that touches every order; of `orders_enriched`, the table is what came after it. */
async function outputsOf(topology: OrdersTopologyOptions, {batches, ...options}: Run) {
  const oracle = new SourceTables(topology.semantics);
  const driver = new TopologyTestDriver(ordersTopology(topology));
  const app = await CrashingApp.open({
    ...options,
    topology: ordersTopology(topology),
    options: {maxBufferedRecords: options.maxBufferedRecords},
  });
  let commits = 0;
  try {
    await app.settle();
    for (const batch of batches) await feed(batch);
    const before = (await app.read(topics.ordersEnriched)).length;
    const touched = oracle.orders;
    if (touched.length > 0) await feed([touched]);
    const outputs = new Map<string, readonly (readonly [unknown, unknown])[]>();
    for (const topic of published) outputs.set(topic.name, await app.read(topic));
    return {
      outputs,
      expected: new Map(published.map((topic) => [topic.name, driver.output(topic).read()])),
      tables: {
        customers: newestByKey(await app.read(topics.customers)),
        products: newestByKey(await app.read(topics.products)),
        customersEnriched: newestByKey(await app.read(topics.customersEnriched)),
        ordersEnriched: new Map((await app.read(topics.ordersEnriched)).slice(before)),
      },
      batchJoin: {
        customers: oracle.customers,
        products: oracle.products,
        customersEnriched: oracle.customersEnriched,
        ordersEnriched: oracle.ordersEnriched,
      },
    };
  } finally {
    await app.close();
  }

  async function feed(batch: readonly SourceTransaction[]): Promise<void> {
    for (const changes of batch) {
      await app.write(recordsOf(changes, ++commits));
      for (const change of asOfCommit(changes)) pipe(change);
    }
    await app.settle();
  }

  function pipe(change: Change): void {
    oracle.apply(change);
    for (const {topic, key, value} of cdcRecords(change)) driver.input(topic).pipe(key, value);
  }

  function recordsOf(changes: SourceTransaction, commit: number) {
    return changes.flatMap((change, i) => {
      const source = {name: sourceOf[change.table], systemId: '7'};
      const position = encodeSourcePosition(source, BigInt(commit), i + 1);
      return cdcRecords(change).map(({topic, key, value}) => ({
        topic: topic.name,
        record: {
          ...app.serialize(topic, key, value),
          timestamp: commit,
          headers: [{key: SOURCE_POSITION_HEADER, value: position}],
        },
      }));
    });
  }
}

/** An order sees the rows as its commit left them, whatever the order of its statements. */
function asOfCommit(changes: SourceTransaction): SourceTransaction {
  const orders = changes.filter(({table}) => table === 'orders');
  return [...changes.filter(({table}) => table !== 'orders'), ...orders];
}

describe.each<OrdersTopologyOptions>([
  {semantics: 'cdc', ordersDeletes: 'ignore'},
  {semantics: 'cdc', ordersDeletes: 'propagate'},
  {semantics: 'ksqldb', ordersDeletes: 'ignore'},
])('StreamsApp with the $semantics topology that is to $ordersDeletes deletes', (topology) => {
  test(
    'writes each row once, and the tables that a batch join gives, through any crashes',
    async () => {
      await fc.assert(
        fc.asyncProperty(run, async (history) => {
          const {outputs, expected, tables, batchJoin} = await outputsOf(topology, history);

          expect(outputs).toEqual(expected);
          expect(tables).toEqual(batchJoin);
        }),
        {numRuns: 16, interruptAfterTimeLimit: TIME_LIMIT_MS},
      );
    },
    2 * TIME_LIMIT_MS,
  );
});
