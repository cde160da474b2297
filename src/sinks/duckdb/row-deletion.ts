import {writeFileSync} from 'node:fs';
import type {DuckDBConnection} from '@duckdb/node-api';
import {literal} from './column-sql.ts';

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
  const path = `${staging}keys.ndjson`;
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  await connection.run(
    `DELETE FROM ${table} t
     USING read_json(${literal(path)}, format = 'newline_delimited', columns = {hash: 'BIGINT', key: 'VARCHAR'}) s
     WHERE t._key_hash = s.hash AND t._key = s.key`,
  );
}
