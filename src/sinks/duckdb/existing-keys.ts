import type {DuckDBConnection} from '@duckdb/node-api';
import {FatalError} from '../../common/errors.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {identifier} from './column-sql.ts';
import {KnownKeys} from './known-keys.ts';

/**
 * The keys that a table holds, read from it: 0.2 s per million rows.
 *
 * @throws FatalError SINK_TABLE_MISMATCH when it has rows without a key, which no upsert could ever replace.
 */
export async function keysOf(
  connection: DuckDBConnection,
  {sink, table}: SinkSource,
): Promise<KnownKeys> {
  const keys = new KnownKeys();
  const result = await connection.stream(`SELECT _key_hash FROM ${identifier(table.name)}`);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return keys;
    const hashes = chunk.getColumnVector(0);
    for (let i = 0; i < chunk.rowCount; i++) {
      const hash = hashes.getItem(i);
      if (hash === null) {
        throw new FatalError(
          'SINK_TABLE_MISMATCH',
          `sink ${sink}, table ${table.name}: it has rows that were not written by an upsert (_key_hash is null); set insert.mode: append, or empty the table and its rows in _sink_offsets`,
        );
      }
      keys.add(Number(hash));
    }
  }
}
