import type {Client} from 'pg';
import {FatalError, messageOf, RetriableError} from '../../../common/errors.ts';

export interface CatalogChange {
  readonly statement: string;
  /** Who may do it, for the message: `the owner of the tables`. */
  readonly doer: string;
}

export interface ChangeContext {
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly user: string;
  /** Milliseconds. Others wait behind whoever waits for such a lock. */
  readonly lockTimeoutMs: number;
}

/**
 * Runs a statement that changes the catalog.
 *
 * @throws FatalError with the statement, for somebody who may, where this user may not; RetriableError where a table that
 * it needs is locked for too long.
 */
export async function changeCatalog(
  client: Client,
  {statement, doer}: CatalogChange,
  {where, user, lockTimeoutMs}: ChangeContext,
): Promise<void> {
  await client.query(`SET lock_timeout = ${lockTimeoutMs}`);
  try {
    await client.query(statement);
  } catch (error) {
    const {code} = error as {code?: string};
    const options = {cause: error};
    if (code === '42501')
      throw new FatalError(
        'CDC_PERMISSION_DENIED',
        `${where}: user ${user} may not do what the configuration asks for (${messageOf(error)}); run as ${doer}: ${statement}`,
        options,
      );
    if (code === '55P03')
      throw new RetriableError(
        'CDC_TABLE_LOCKED',
        `${where}: a table is locked by another session for longer than snapshot.lock.timeout.ms (${lockTimeoutMs}): ${messageOf(error)}; end what pg_blocking_pids() names, or wait, for: ${statement}`,
        options,
      );
    throw error;
  } finally {
    await client.query('RESET lock_timeout');
  }
}
