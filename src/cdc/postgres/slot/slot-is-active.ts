import {connect, disconnect} from '../connection/connection.ts';
import {postgresError} from '../connection/errors.ts';
import type {ErrorContext} from '../connection/errors.ts';
import {readSlot} from './slot.ts';

/**
 * Whether a process reads the slot of the source now.
 *
 * @throws ServiceError that names the server, what it said and what to do.
 */
export async function slotIsActive(source: ErrorContext): Promise<boolean> {
  try {
    const client = await connect(source, 'query');
    try {
      const slot = await readSlot(client, source.slotName);
      return slot?.activePid !== undefined;
    } finally {
      disconnect(client);
    }
  } catch (error) {
    throw postgresError(error, source);
  }
}
