import {rm} from 'node:fs/promises';
import {Level} from 'level';
import {FatalError, TaskError, causeMessageOf, messageOf} from '../../common/errors.ts';
import {databaseProblem} from '../../common/leveldb/database-problem.ts';
import type {Logger} from '../../common/logger.ts';
import type {
  Checkpoint,
  CommittedStore,
  ScanRange,
  StoreSize,
  StoreWrite,
} from '../committed-store.ts';
import {SortedKeys} from '../sorted-keys.ts';
import {fileSizes, filesProblem, takeFileList, writeFileList} from './store-files.ts';
import {storeSize} from './store-size.ts';
import {SENTINEL_KEY, decodeSentinel, encodeSentinel} from './store-sentinel.ts';
import type {Sentinel} from './store-sentinel.ts';

type Database = Level<Buffer, Buffer>;

export interface LevelStoreOptions {
  readonly name: string;
  readonly directory: string;
  readonly logger: Logger;
  /** Index the keys at open even if no earlier run has read ranges. */
  readonly ranged: boolean;
  /** Called when ranges of this store are read for the first time. */
  readonly onRanged: () => void;
  /** Called once the store is closed. */
  readonly onClose: () => void;
}

/** Until ranges are read, keys are indexed only while there are few: tables of millions never need it. */
const maxKeysIndexedUnasked = 10_000;

/**
 * A committed store in a LevelDB of its own.
 *
 * LevelDB hides corruption (a cut MANIFEST loses most rows without an error), so each batch carries a sentinel, a clean
 * close leaves a list of its files, and a store that contradicts either, or whose files are damaged, is wiped at open.
 *
 * LevelDB cannot iterate synchronously, so ranges need an index of the keys in memory. It is there while the store is
 * small; reading a range of a large store for the first time fails with a TaskError, and opening it again loads the index.
 */
export class LevelStore implements CommittedStore {
  readonly name: string;
  readonly #options: LevelStoreOptions;
  #db: Database;
  #checkpoint: Checkpoint | undefined;
  #isEmpty = true;
  #ranged: boolean;
  #keys: SortedKeys | undefined = new SortedKeys();
  #keyCount = 0;
  #isCorrupted = false;

  private constructor(options: LevelStoreOptions, db: Database) {
    this.name = options.name;
    this.#options = options;
    this.#db = db;
    this.#ranged = options.ranged;
  }

  /**
   * Nobody else may have it open.
   *
   * @throws FatalError STATE_DIRECTORY_LOCKED, DATA_DIR_UNUSABLE
   */
  static async open(options: LevelStoreOptions): Promise<LevelStore> {
    const {name, directory, logger} = options;
    let problem =
      filesProblem(await fileSizes(directory), await takeFileList(directory)) ??
      (await databaseProblem(directory));
    if (problem === undefined) {
      try {
        const store = new LevelStore(options, await openDatabase(directory));
        problem = await store.#load();
        if (problem === undefined) return store;
        await store.#db.close();
      } catch (error) {
        if (!isCorruption(error)) throw error;
        problem = causeMessageOf(error);
      }
    }
    logger.warn({store: name, directory, problem}, 'Wipes a corrupted store to restore it');
    await rm(directory, {recursive: true, force: true});
    return new LevelStore(options, await openDatabase(directory));
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  get(key: Buffer): Buffer | undefined {
    if (this.#isEmpty) return undefined;
    try {
      return this.#db.getSync(key);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  range(prefix?: Buffer): Iterable<readonly [Buffer, Buffer]> {
    if (!this.#ranged) {
      this.#ranged = true;
      this.#options.onRanged();
    }
    if (this.#keys === undefined) {
      throw new TaskError(
        'STATE_INDEX_MISSING',
        `Store ${this.name} in ${this.#options.directory} reads ranges for the first time: opens it again with an index of its keys.`,
      );
    }
    const rows: (readonly [Buffer, Buffer])[] = [];
    for (const id of this.#keys.withPrefix(prefix?.toString('latin1') ?? '')) {
      const key = Buffer.from(id, 'latin1');
      const value = this.get(key);
      if (value === undefined) throw this.#corrupted('an indexed row is gone');
      rows.push([key, value]);
    }
    return rows;
  }

  async scan({from, to, limit}: ScanRange): Promise<readonly (readonly [Buffer, Buffer])[]> {
    // The sentinel may be among them.
    const iterator = this.#db.iterator({
      ...(from !== undefined && {gte: from}),
      ...(to !== undefined && {lte: to}),
      limit: limit + 1,
    });
    try {
      const entries = await iterator.all();
      return entries.filter(([key]) => !key.equals(SENTINEL_KEY)).slice(0, limit);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async size(): Promise<StoreSize | undefined> {
    try {
      return await storeSize(this.#db, this.#options.directory);
    } catch (error) {
      if (this.#db.status !== 'open') return undefined;
      throw this.#failure(error);
    }
  }

  async apply(writes: readonly StoreWrite[], checkpoint: Checkpoint): Promise<void> {
    const sentinel: Sentinel = {store: this.name, checkpoint, ranged: this.#ranged};
    try {
      // A third of what an array of operations costs.
      const batch = this.#db.batch();
      for (const [key, value] of writes) {
        if (value === undefined) batch.del(key);
        else batch.put(key, value);
      }
      batch.put(SENTINEL_KEY, encodeSentinel(sentinel));
      await batch.write();
    } catch (error) {
      throw this.#failure(error);
    }
    for (const [key, value] of writes) this.#index(key, value !== undefined);
    this.#checkpoint = checkpoint;
  }

  async wipe(): Promise<void> {
    const {directory} = this.#options;
    await this.#db.close();
    await rm(directory, {recursive: true, force: true});
    this.#db = await openDatabase(directory);
    this.#checkpoint = undefined;
    this.#isEmpty = true;
    this.#isCorrupted = false;
    this.#keys = new SortedKeys();
    this.#keyCount = 0;
  }

  /** A store that was found corrupted is removed, so that it comes back empty. */
  async close(): Promise<void> {
    const {directory, onClose} = this.#options;
    try {
      await this.#db.close();
      if (this.#isCorrupted) await rm(directory, {recursive: true, force: true});
      else await writeFileList(directory);
    } finally {
      onClose();
    }
  }

  /** Reads the sentinel, and the keys where ranges are read. Returns why the rows cannot be trusted. */
  async #load(): Promise<string | undefined> {
    const bytes = this.#db.getSync(SENTINEL_KEY);
    if (bytes === undefined) {
      const [key] = await this.#db.keys({limit: 1}).all();
      return key === undefined ? undefined : 'it holds rows but no sentinel';
    }
    const sentinel = decodeSentinel(bytes, this.name);
    if (sentinel === undefined) return 'its sentinel is not one of this store';
    this.#checkpoint = sentinel.checkpoint;
    this.#ranged ||= sentinel.ranged;
    // The sentinel is among them; one more than may be indexed tells that there are too many.
    const keys = this.#db.keys(this.#ranged ? {} : {limit: maxKeysIndexedUnasked + 2});
    try {
      await this.#loadKeys(keys);
    } finally {
      await keys.close();
    }
    return undefined;
  }

  async #loadKeys(iterator: {nextv(size: number): Promise<Buffer[]>}): Promise<void> {
    const ids: string[] = [];
    for (;;) {
      const keys = await iterator.nextv(1000);
      if (keys.length === 0) break;
      for (const key of keys) if (!key.equals(SENTINEL_KEY)) ids.push(key.toString('latin1'));
    }
    this.#isEmpty = ids.length === 0;
    this.#keyCount = ids.length;
    const isIndexed = this.#ranged || ids.length <= maxKeysIndexedUnasked;
    this.#keys = isIndexed ? SortedKeys.fromSorted(ids) : undefined;
  }

  #index(key: Buffer, present: boolean): void {
    if (present) this.#isEmpty = false;
    if (this.#keys === undefined) return;
    if (!present) this.#keys.delete(key.toString('latin1'));
    else if (!this.#ranged && ++this.#keyCount > maxKeysIndexedUnasked) this.#keys = undefined;
    else this.#keys.add(key.toString('latin1'));
  }

  #failure(error: unknown): unknown {
    if (isCorruption(error)) return this.#corrupted(messageOf(error), error);
    if (!codesOf(error).includes('LEVEL_IO_ERROR')) return error;
    return new FatalError(
      'DATA_DIR_UNUSABLE',
      `The state in ${this.#options.directory} cannot be read or written (${messageOf(error)}); make room or repair the disk, then start again.`,
      {cause: error},
    );
  }

  #corrupted(problem: string, cause?: unknown): TaskError {
    this.#isCorrupted = true;
    return new TaskError(
      'STATE_CORRUPTED',
      `Store ${this.name} in ${this.#options.directory} is corrupted (${problem}); restores it from its changelog.`,
      {cause},
    );
  }
}

/** @throws FatalError STATE_DIRECTORY_LOCKED, DATA_DIR_UNUSABLE */
export async function openDatabase(directory: string): Promise<Database> {
  const db: Database = new Level(directory, {keyEncoding: 'buffer', valueEncoding: 'buffer'});
  try {
    await db.open();
    return db;
  } catch (error) {
    if (isCorruption(error)) throw error;
    if (codesOf(error).includes('LEVEL_LOCKED')) {
      throw new FatalError(
        'STATE_DIRECTORY_LOCKED',
        `The state in ${directory} is in use by another process; stop it, or set another data.dir.`,
        {cause: error},
      );
    }
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `The state in ${directory} cannot be opened (${causeMessageOf(error)}); check its owner and free space, or set another data.dir.`,
      {cause: error},
    );
  }
}

export function isCorruption(error: unknown): boolean {
  return codesOf(error).includes('LEVEL_CORRUPTION');
}

/** LevelDB's own code stands on the cause of a failed open. */
function codesOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return [];
  return ['code' in error ? error.code : undefined, ...codesOf(error.cause)];
}
