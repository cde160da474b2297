import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {FatalError, messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import {makeDirectory} from '../../common/make-directory.ts';
import type {CommittedStore, StoreProvider, StoredName} from '../committed-store.ts';
import {LevelStore, isCorruption, openDatabase} from './level-store.ts';

/** The LevelDB in a state directory that is open for as long as a process uses it. */
export const STATE_LOCK = '.lock';

/** Keeps others out until it is closed. */
interface Lock {
  close(): Promise<void>;
}

/**
 * The state directory of one process: `<directory>/<task>/<store>` holds a LevelDB each.
 *
 * Nobody else can open it until `close`, or until the process is gone.
 */
export class LevelStoreProvider implements StoreProvider {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #lock: Lock;
  /** Stores that are open, as `<task>/<store>`. */
  readonly #open = new Set<string>();
  /** Stores of which ranges are read, as `<task>/<store>`. */
  readonly #ranged = new Set<string>();

  private constructor(directory: string, logger: Logger, lock: Lock) {
    this.#directory = directory;
    this.#logger = logger;
    this.#lock = lock;
  }

  /** @throws FatalError STATE_DIRECTORY_LOCKED, DATA_DIR_UNUSABLE */
  static async open(directory: string, {logger}: {logger: Logger}): Promise<LevelStoreProvider> {
    await createDirectory(directory);
    return new LevelStoreProvider(directory, logger, await openLock(join(directory, STATE_LOCK)));
  }

  async open(taskId: string, store: string): Promise<CommittedStore> {
    const path = join(taskId, store);
    const directory = join(this.#directory, path);
    if (this.#open.has(path)) {
      const message = `Store ${store} in ${directory} is open already; close it first.`;
      throw new FatalError('STATE_DIRECTORY_LOCKED', message);
    }
    this.#open.add(path);
    try {
      await createDirectory(join(this.#directory, taskId));
      return await LevelStore.open({
        name: store,
        directory,
        logger: this.#logger,
        ranged: this.#ranged.has(path),
        onRanged: () => this.#ranged.add(path),
        onClose: () => this.#open.delete(path),
      });
    } catch (error) {
      this.#open.delete(path);
      throw error;
    }
  }

  async stored(): Promise<readonly StoredName[]> {
    const names = await directoriesIn(this.#directory);
    const stored = await Promise.all(
      names
        .filter((name) => name !== STATE_LOCK)
        .map(async (taskId) => {
          const stores = await directoriesIn(join(this.#directory, taskId));
          return stores.map((store) => ({taskId, store}));
        }),
    );
    return stored.flat();
  }

  async remove({taskId, store}: StoredName): Promise<void> {
    await rm(join(this.#directory, taskId, store), {recursive: true, force: true});
  }

  /** Lets others in; the stores must be closed before. */
  async close(): Promise<void> {
    await this.#lock.close();
  }
}

/** A LevelDB without rows: its LOCK is the only lock at hand that the system releases when the process dies. */
async function openLock(directory: string): Promise<Lock> {
  try {
    return await openDatabase(directory);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    // Found after it was locked, so nobody else uses it.
    await rm(directory, {recursive: true, force: true});
    return openDatabase(directory);
  }
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, {withFileTypes: true});
  return entries.filter((entry) => entry.isDirectory()).map(({name}) => name);
}

async function createDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
  } catch (error) {
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `The state directory ${directory} cannot be made (${messageOf(error)}); check its owner, or set another data.dir.`,
      {cause: error},
    );
  }
}
