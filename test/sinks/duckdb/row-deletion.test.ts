import {DuckDBInstance} from '@duckdb/node-api';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {keyHash} from '../../../src/sinks/duckdb/known-keys.ts';
import type {SinkPartition, SinkRow, SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {DuckDbWarehouse} from './duckdb-warehouse.ts';

const source: SinkSource = {
  sink: 'local',
  topic: 'orders',
  topicId: 'topic-1',
  partition: 0,
  table: {name: 'orders', columns: [{name: 'size', type: {kind: 'VARCHAR'}, from: 'value'}]},
  insertMode: 'upsert',
  autoCreate: true,
  autoEvolve: 'evolve',
};

let warehouse: DuckDbWarehouse;
let partition: SinkPartition;
let offset: number;
beforeEach(async () => {
  warehouse = new DuckDbWarehouse();
  partition = await warehouse.connect().open(source);
  offset = 0;
});
afterEach(() => warehouse.close());

/** One batch; a null size is a tombstone. */
async function write(...rows: readonly (readonly [key: string, size: string | null])[]) {
  const startOffset = offset;
  const written = rows.map(([key, size]): SinkRow => {
    const value = size === null ? null : Buffer.from(JSON.stringify({size}));
    return {offset: offset++, key, value, timestamp: 0};
  });
  await partition.write({rows: written, startOffset, nextOffset: offset});
}

/** Gives the row of `key` the hash of `other`, as if their hashes were equal. */
async function collide(key: string, other: string): Promise<void> {
  await partition.close();
  await warehouse.disconnect();
  const instance = await DuckDBInstance.create(warehouse.file);
  const connection = await instance.connect();
  await connection.run(`UPDATE orders SET _key_hash = ${keyHash(other)} WHERE _key = '${key}'`);
  connection.closeSync();
  instance.closeSync();
  partition = await warehouse.connect().open(source);
}

async function sizes(): Promise<Readonly<Record<string, unknown>>> {
  const rows = await warehouse.rows('orders');
  return Object.fromEntries(rows.map(({_key, size}) => [_key as string, size]));
}

describe('deleteRows', () => {
  test.each<[string, string | null, object]>([
    ['replaces', 'M', {a: 'M', b: 'S', c: 'S'}],
    ['deletes', null, {b: 'S', c: 'S'}],
  ])('%s the row of a key, and not that of another with its hash', async (_, size, left) => {
    await write(['a', 'S'], ['b', 'S'], ['c', 'S']);
    await collide('b', 'a');

    await write(['a', size]);

    expect(await sizes()).toEqual(left);
    expect((await warehouse.rows('orders')).length).toBe(Object.keys(left).length);
  });

  test('replaces and deletes more keys than it looks for by hash', async () => {
    const keys = Array.from({length: 2500}, (_, i) => `o${i}`);
    await write(...keys.map((key) => [key, 'S'] as const));

    await write(...keys.slice(0, 2200).map((key, i) => [key, i < 1100 ? 'M' : null] as const));

    const rows = await warehouse.rows('orders');
    const countOf = (size: string) => rows.filter((row) => row['size'] === size).length;
    expect([rows.length, countOf('M'), countOf('S')]).toEqual([1400, 1100, 300]);
  });
});
