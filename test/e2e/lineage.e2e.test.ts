import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import type {LineageAnswer, StepAnswer} from '../../src/streams/runtime/queries/lineage-answer.ts';
import {differences} from '../http/described-answer.ts';
import type {Described} from '../http/described-answer.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {createSeedTables} from '../support/seed-tables.ts';

let pipeline: Pipeline;
beforeEach(async () => {
  pipeline = await openPipeline(inject('postgresPort'), {
    sinks: {local: 'upsert', history: 'append'},
  });
  await createSeedTables(pipeline);
  pipeline.service.start();
  await pipeline.service.ready();
});
afterEach(() => pipeline.close());

async function ask(path: string): Promise<unknown> {
  return (await fetch(pipeline.service.url(path))).json();
}

function why(key: string): string {
  return execFileSync(
    process.execPath,
    ['dist/main.js', 'why', 'orders_enriched', key, '--url', pipeline.service.url('')],
    {encoding: 'utf8'},
  );
}

function joined(steps: readonly StepAnswer[] = []): readonly string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'read') return [];
    const {table, row} = step;
    return [`${table} ${row?.change?.table} ${row?.change?.source}`, ...joined(row?.steps)];
  });
}

describe('the service', () => {
  test('explains a row of the warehouse, and an order that waits', async () => {
    await pipeline.productsDb.query(
      `INSERT INTO products.orders VALUES ('o1', 'p1', 'c1'), ('o2', 'p9', 'c1')`,
    );
    await pipeline.caughtUp();

    const {records} = (await ask('/api/lineage/orders_enriched/o1')) as LineageAnswer;
    const {waiting} = (await ask('/api/lineage/orders_enriched/o2')) as LineageAnswer;

    const [record] = records;
    expect(records).toHaveLength(1);
    expect(record?.warehouse.map(({sink}) => sink).toSorted()).toEqual(['history', 'local']);
    expect(record?.lineage?.change).toMatchObject({
      source: 'products',
      table: 'products.orders',
      key: {order_id: 'o1'},
      isSnapshot: false,
      event: {order_id: 'o1', product_id: 'p1', __deleted: 'false'},
    });
    expect(joined(record?.lineage?.steps)).toEqual([
      'products products.products products',
      'customers_enriched customers.demographics customers',
      'customers customers.customers customers',
    ]);
    expect(waiting).toMatchObject([{for: {table: 'products', key: 'p9'}, value: {order_id: 'o2'}}]);
    expect(why('o1')).toContain('in the warehouse: sink local, table orders_enriched');
    expect(why('o2')).toContain('for row p9 of table products, which is not there yet');
    expect(await ask('/api/tables/products/p1')).toMatchObject({row: {price: '$9.99'}});
  });

  test('answers every route as docs/openapi.json says', async () => {
    await pipeline.productsDb.query(
      `INSERT INTO products.orders VALUES ('o1', 'p1', 'c1'), ('o2', 'p9', 'c1')`,
    );
    await pipeline.caughtUp();
    const document = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as Described;
    const parts: Readonly<Record<string, string>> = {
      '/api/lineage/{topic}/{key}': '/api/lineage/orders_enriched/o1',
      '/internal/stores/{store}': '/internal/stores/products?partitions=0&limit=5',
      '/api/tables/{table}': '/api/tables/products?limit=5',
      '/api/tables/{table}/{key}': '/api/tables/products/p1',
      '/api/topics/{topic}/records': '/api/topics/orders_enriched/records',
    };

    const asked = await Promise.all(
      [
        ...Object.keys(document.paths).map((route) => [route, parts[route] ?? route] as const),
        ['/api/lineage/{topic}/{key}', '/api/lineage/orders_enriched/o2'] as const,
        ['/topology', '/topology?format=json'] as const,
      ].map(async ([route, path]) => {
        const response = await fetch(pipeline.service.url(path));
        return {path, status: response.status, not: await differences(response, document, route)};
      }),
    );

    expect(asked.filter(({status, not}) => status !== 200 || not.length > 0)).toEqual([]);
    expect(asked.length).toBeGreaterThan(16);
  });
});
