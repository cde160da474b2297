import {SIGNAL_PREFIX} from '../incremental/signal.ts';
import {connect, disconnect} from './connection/connection.ts';
import {postgresError} from './connection/errors.ts';
import type {ErrorContext} from './connection/errors.ts';

/** A signal as Debezium's signal table has it. */
export interface EmittedSignal {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Writes `signal` to the WAL, where the source's slot brings it to the service that reads it, also to one that is not
 * running now. Returns its LSN.
 *
 * @throws ServiceError that names the server, what it said and what to do.
 */
export async function emitSignal(source: ErrorContext, signal: EmittedSignal): Promise<string> {
  try {
    const client = await connect(source, 'query');
    try {
      const {rows} = await client.query<{lsn: string}>(
        'SELECT pg_catalog.pg_logical_emit_message(true, $1, $2) AS lsn',
        [SIGNAL_PREFIX, JSON.stringify(signal)],
      );
      return rows[0]?.lsn ?? '';
    } finally {
      disconnect(client);
    }
  } catch (error) {
    throw postgresError(error, source);
  }
}
