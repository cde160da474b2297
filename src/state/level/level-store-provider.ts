import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {FatalError, messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import type {CommittedStore, StoreProvider} from '../committed-store.ts';
import {LevelStore, openDatabase} from './level-store.ts';

/**
 * The state directory of one process: `<directory>/<task>/<store>` holds a LevelDB each.
 *
 * Nobody else can open it until `close`, or until the process is gone.
 */
export class LevelStoreProvider implements StoreProvider {
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #lock: {close(): Promise<void>};
  /** Stores of which ranges are read, as `<task>/<store>`. */
  readonly #ranged = new Set<string>();

  private constructor(directory: string, logger: Logger, lock: {close(): Promise<void>}) {
    this.#directory = directory;
    this.#logger = logger;
    this.#lock = lock;
  }

  /** @throws FatalError STATE_DIRECTORY_LOCKED, DATA_DIR_UNUSABLE */
  static async open(directory: string, {logger}: {logger: Logger}): Promise<LevelStoreProvider> {
    await makeDirectory(directory);
    // A LevelDB without rows: its LOCK is the only lock at hand that the system releases when the process dies.
    const lock = await openDatabase(join(directory, '.lock'));
    return new LevelStoreProvider(directory, logger, lock);
  }

  async open(taskId: string, store: string): Promise<CommittedStore> {
    const path = join(taskId, store);
    await makeDirectory(join(this.#directory, taskId));
    return LevelStore.open({
      name: store,
      directory: join(this.#directory, path),
      logger: this.#logger,
      ranged: this.#ranged.has(path),
      onRanged: () => this.#ranged.add(path),
    });
  }

  /** Lets others in; the stores must be closed before. */
  async close(): Promise<void> {
    await this.#lock.close();
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, {recursive: true});
  } catch (error) {
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `The state directory ${directory} cannot be made (${messageOf(error)}); check its owner, or set another data.dir.`,
      {cause: error},
    );
  }
}
