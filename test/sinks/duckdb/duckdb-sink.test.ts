import {describe, expect, onTestFinished, test} from 'vitest';
import {sinkValuesSuite} from '../../suites/sink-values-suite.ts';
import {warehouseSinkSuite} from '../../suites/warehouse-sink-suite.ts';
import type {WarehouseUnderTest} from '../../suites/warehouse-sink-suite.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

async function open(): Promise<WarehouseUnderTest> {
  const warehouse = new DuckDbWarehouse();
  return {
    connect: () => warehouse.connect(),
    rows: (table) => warehouse.rows(table),
    close: () => warehouse.close(),
  };
}

describe('DuckDbSink', () => {
  warehouseSinkSuite(open);
  sinkValuesSuite(open);

  test('opens its file again for who asks while it is being closed', async () => {
    const warehouse = new DuckDbWarehouse();
    onTestFinished(() => warehouse.close());
    const sink = warehouse.connect();
    expect(await sink.query('SELECT 1 AS n')).toEqual([{n: 1}]);

    const closed = sink.close();

    expect(await sink.query('SELECT 2 AS n')).toEqual([{n: 2}]);
    await closed;
    await sink.close();
  });
});
