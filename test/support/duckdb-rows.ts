import {DuckDBInstance} from '@duckdb/node-api';

/** The rows of a query on a DuckDB file that no other process has open. */
export async function duckdbRows(file: string, sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(file, {access_mode: 'READ_ONLY'});
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql);
    connection.closeSync();
    return reader.getRowObjectsJS();
  } finally {
    instance.closeSync();
  }
}
