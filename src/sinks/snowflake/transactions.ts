import {createHash} from 'node:crypto';
import type {SinkSource} from '../warehouse-sink.ts';
import type {SnowflakeConnection} from './snowflake-connection.ts';

/** What the transactions of a partition's writers are called, whichever process they are in. */
export function transactionName({sink, topic, partition}: SinkSource): string {
  const digest = createHash('sha256').update(JSON.stringify([sink, topic, partition]));
  return `MILLRACE_${digest.digest('hex').slice(0, 32).toUpperCase()}`;
}

/**
 * Ends transactions of that name which a process has left behind: they hold their locks for hours.
 *
 * Transactions of other users are not seen, or may not be aborted; then the locks' own timeout has to do.
 */
export async function abortDetached(connection: SnowflakeConnection, name: string): Promise<void> {
  const {rows} = await connection.execute('SHOW TRANSACTIONS');
  for (const {id, name: found} of rows) {
    if (found !== name || id === undefined || id === null || !/^\d+$/.test(id)) continue;
    await connection.execute(`SELECT SYSTEM$ABORT_TRANSACTION(${id})`);
  }
}

/** The id of the open transaction. */
export async function currentTransaction(connection: SnowflakeConnection): Promise<string> {
  const {rows} = await connection.execute('SELECT CURRENT_TRANSACTION()::VARCHAR AS ID');
  const id = rows[0]?.['ID'] ?? null;
  if (id === null) throw new Error('BEGIN has opened no transaction');
  return id;
}
