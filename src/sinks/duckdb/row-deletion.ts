import type {DuckDBConnection} from '@duckdb/node-api';
import {literal} from './column-sql.ts';
import {NdjsonFile} from './ndjson-file.ts';

export interface KeyedRow {
  readonly hash: number;
  readonly key: string;
}

/**
 * Up to so many keys are looked for by hash only, which reads 8 bytes a row; for more, scanning the keys themselves is
 * paid off. Measured on a million rows: 100 keys 8 ms by hash and 60 ms by key, 1,000 keys 35 and 70 ms.
 */
const byHashLimit = 1000;

/** Another key's row shares a hash and was deleted with it: roll back, and delete by key text. */
export class HashCollisionError extends Error {
  override readonly name = 'HashCollisionError';
}

/**
 * Deletes the rows of these keys, within the open transaction.
 *
 * @throws HashCollisionError never when `byKey` is set.
 */
export async function deleteRows(
  connection: DuckDBConnection,
  table: string,
  rows: readonly KeyedRow[],
  {staging, byKey}: {readonly staging: string; readonly byKey: boolean},
): Promise<void> {
  if (byKey || rows.length > byHashLimit) return deleteByKey(connection, table, rows, staging);
  const hashes = rows.map(({hash}) => hash).join(', ');
  const deleted = await connection.runAndReadAll(
    `DELETE FROM ${table} WHERE _key_hash IN (${hashes}) RETURNING _key`,
  );
  const keys = new Set(rows.map(({key}) => key));
  for (const [key] of deleted.getRows()) {
    if (!keys.has(key as string)) throw new HashCollisionError();
  }
}

async function deleteByKey(
  connection: DuckDBConnection,
  table: string,
  rows: readonly KeyedRow[],
  staging: string,
): Promise<void> {
  const file = new NdjsonFile(`${staging}keys.ndjson`, {identity: true, copiedKey: 'none'});
  for (const {hash, key} of rows) file.add({offset: 0, key}, noValue, hash);
  file.save();
  // The CASE keeps the texts out of the join's key, for which every row's would be hashed: a quarter less CPU.
  await connection.run(
    `DELETE FROM ${table} t
     USING read_json(${literal(file.path)}, format = 'newline_delimited', columns = {_key_hash: 'BIGINT', _key_text: 'VARCHAR'}) s
     WHERE t._key_hash = s._key_hash AND CASE WHEN t._key = s._key_text THEN true ELSE false END`,
  );
}

const noValue = Buffer.from('{}');
