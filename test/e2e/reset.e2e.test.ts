import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import {duckdbRows} from '../support/duckdb-rows.ts';
import {openPipeline} from '../support/open-pipeline.ts';
import type {Pipeline} from '../support/pipeline.ts';
import {createSeedTables} from '../support/seed-tables.ts';

let pipeline: Pipeline;
beforeEach(async () => {
  pipeline = await openPipeline(inject('postgresPort'), {});
  await createSeedTables(pipeline);
  await pipeline.productsDb.query(
    `INSERT INTO products.orders VALUES ('o1', 'p1', 'c1'), ('o2', 'p1', 'c1'), ('o3', 'p9', 'c1')`,
  );
});
afterEach(() => pipeline.close());

function reset(...options: readonly string[]): {status: number | null; text: string} {
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    ['dist/main.js', 'reset', '--config', join(pipeline.directory, 'millrace.yaml'), ...options],
    {encoding: 'utf8'},
  );
  return {status, text: stdout + stderr};
}

async function run(): Promise<void> {
  pipeline.service.start();
  await pipeline.service.ready();
  await pipeline.caughtUp();
}

/** Data records and markers of `orders_enriched`. */
async function enriched(): Promise<number> {
  return (await pipeline.service.status()).logEnds?.['orders_enriched-0'] ?? 0;
}

describe('millrace reset', () => {
  test('begins the topology anew, and the sources that it names', async () => {
    await run();
    const once = await enriched();
    const refused = reset('--execute');
    await pipeline.service.stop();

    expect(refused.status).toBe(1);
    expect(refused.text).toContain('STATE_DIRECTORY_LOCKED');

    const shown = reset();
    expect(shown.status).toBe(0);
    expect(shown.text).toContain('topic customers: deleted');
    expect(shown.text).toContain('Nothing was changed');
    await run();
    expect(await enriched()).toBe(once);
    await pipeline.service.stop();

    expect(reset('--execute').text).toContain('100 %');
    // What comes behind it is joined with tables that were made anew.
    await pipeline.productsDb.query(`INSERT INTO products.products VALUES ('p9', '1', 'Hat', 'Sports', '$1')`); // prettier-ignore
    await run();
    expect(await enriched()).toBeGreaterThan(once);
    const events = await published();
    await pipeline.service.stop();
    expect(await orderIds()).toEqual(['o1', 'o2', 'o3']);

    expect(reset('--sources', 'products', '--execute').status).toBe(0);
    await run();
    expect(events).toBe(1);
    expect(await published()).toBe(5);
    await pipeline.service.stop();
    expect(await orderIds()).toEqual(['o1', 'o2', 'o3']);
  });
});

async function orderIds(): Promise<readonly unknown[]> {
  const rows = await duckdbRows(
    pipeline.warehouse('local'),
    'SELECT order_id FROM orders_enriched ORDER BY 1',
  );
  return rows.map((row) => row['order_id']);
}

/** Events of the source `products` since the service started: a snapshot has all rows. */
async function published(): Promise<unknown> {
  return (await pipeline.service.status()).components['source products']?.['events'];
}
