import {describe} from 'vitest';
import {warehouseSinkSuite} from '../suites/warehouse-sink-suite.ts';
import {MemorySink, MemoryWarehouse} from './memory-sink.ts';

describe('MemorySink', () => {
  warehouseSinkSuite(async () => {
    const warehouse = new MemoryWarehouse();
    return {
      connect: () => new MemorySink(warehouse),
      rows: async (table) => warehouse.rows(table),
      close: async () => undefined,
    };
  });
});
