import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {warehouseRows} from '../../src/service/warehouse-rows.ts';
import {DuckDbSink} from '../../src/sinks/duckdb/duckdb-sink.ts';
import {tableDefinition} from '../../src/sinks/table-definition.ts';
import {json} from '../../src/serde/format.ts';
import {notNull, struct, varchar} from '../../src/serde/schema.ts';

const id = notNull(varchar());
const topic = {name: 'orders', key: json(id), value: json(struct({order_id: id, note: varchar()}))};
const sink = {name: 'local', topics: ['orders']};

let directory: string;
let warehouse: DuckDbSink;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-rows-'));
  warehouse = new DuckDbSink({database: join(directory, 'warehouse.duckdb')});
});
afterEach(async () => {
  await warehouse.close();
  await rm(directory, {recursive: true});
});

async function write(insertMode: 'append' | 'upsert', keys: readonly string[]): Promise<void> {
  const partition = await warehouse.open({
    sink: 'local',
    topic: 'orders',
    topicId: 't1',
    partition: 3,
    table: tableDefinition(topic),
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
  });
  await partition.write({
    rows: keys.map((key, offset) => ({
      offset,
      key,
      value: Buffer.from(JSON.stringify({order_id: key, note: 'n'})),
      timestamp: 1,
    })),
    startOffset: 0,
    nextOffset: keys.length,
  });
}

describe('warehouseRows', () => {
  test.each(['append', 'upsert'] as const)('finds the rows of a key in %s mode', async (mode) => {
    await write(mode, ["o'1", 'o2', "o'1"]);
    const rows = warehouseRows([{sink, warehouse}]);

    const offsets = (await rows.find('orders', "o'1")).map(({offset}) => offset);

    expect(offsets).toEqual(mode === 'append' ? [2, 0] : [2]);
    expect(await rows.find('orders', 'o2')).toEqual([
      {sink: 'local', table: 'orders', partition: 3, offset: 1},
    ]);
    expect(await rows.find('orders', 'o3')).toEqual([]);
  });

  test('finds none of a topic that no sink has, or whose table is not there yet', async () => {
    const rows = warehouseRows([{sink, warehouse}]);

    expect(await rows.find('customers', 'o1')).toEqual([]);
    expect(await rows.find('orders', 'o1')).toEqual([]);
  });
});
