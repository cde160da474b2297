import {Level} from 'level';
import {FatalError, messageOf} from '../../common/errors.ts';

/** @throws FatalError DATA_DIR_UNUSABLE when another process has it open, or it cannot be opened at all. */
export async function openLogDatabase(directory: string): Promise<Level<Buffer, Buffer>> {
  const db = new Level<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  try {
    await db.open();
    return db;
  } catch (error) {
    const cause = causeOf(error);
    if (isLocked(cause)) throw inUse(directory, cause);
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `Cannot open ${directory}: ${messageOf(cause)}. Make it writable, or put a backup of the data directory in its place`,
      {cause},
    );
  }
}

/**
 * Changes nothing.
 *
 * @throws FatalError DATA_DIR_UNUSABLE when another process has it open.
 */
export async function assertNotInUse(directory: string): Promise<void> {
  // LevelDB takes its lock first and then refuses, whether it is there or not.
  const db = new Level(directory, {createIfMissing: false, errorIfExists: true});
  try {
    await db.open();
    await db.close();
  } catch (error) {
    const cause = causeOf(error);
    if (isLocked(cause)) throw inUse(directory, cause);
  }
}

function inUse(directory: string, cause: unknown): FatalError {
  return new FatalError(
    'DATA_DIR_UNUSABLE',
    `${directory} is in use by another process: stop it, or give this one another data directory`,
    {cause},
  );
}

/** LevelDB's own error stands on the cause of a failed open. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LEVEL_LOCKED';
}
