import {constants, existsSync, mkdirSync, realpathSync, rmSync} from 'node:fs';
import {copyFile} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import type {DuckDBConnection, DuckDBInstance} from '@duckdb/node-api';
import {FatalError, messageOf, RetriableError, ServiceError} from '../../common/errors.ts';
import {Turns} from '../../common/turns.ts';
import {literal} from './column-sql.ts';

export interface DuckDbOptions {
  /** The database file; created when it is missing. */
  readonly database: string;
  /** What DuckDB may hold in memory. Default: 128 MB. */
  readonly memoryLimit?: string;
  /**
   * Size of the write-ahead log at which its rows are compressed into the database file. Default: 64 MB: each checkpoint
   * compresses the last, partial row group of 122,880 rows once more, and commits wait for it meanwhile.
   */
  readonly checkpointThreshold?: string;
}

/**
 * An open DuckDB file: one connection that writes, and one that reads what is committed.
 *
 * The library is loaded here, so that a service without DuckDB does not pay for it.
 */
export class DuckDbClient {
  readonly database: string;
  /** Where batches lie for `read_json`; nothing else on the disk can be read through SQL. */
  readonly staging: string;
  readonly #file: string;
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #reader: DuckDBConnection;
  readonly #writes = new Turns();
  readonly #reads = new Turns();
  #broken = false;
  #commits = 0;

  private constructor(
    database: string,
    file: string,
    instance: DuckDBInstance,
    connections: readonly [DuckDBConnection, DuckDBConnection],
  ) {
    this.database = database;
    this.staging = `${database}.staging/`;
    this.#file = file;
    this.#instance = instance;
    [this.#writer, this.#reader] = connections;
  }

  /**
   * @throws RetriableError SINK_UNREACHABLE when the file cannot be opened, or another process has it open.
   * @throws FatalError SINK_UNREACHABLE when this process has it open already, under whatever path.
   */
  static async open(options: DuckDbOptions): Promise<DuckDbClient> {
    const database = resolve(options.database);
    const staging = `${database}.staging/`;
    const file = claim(database);
    try {
      const {DuckDBInstance: Instance} = await import('@duckdb/node-api');
      const instance = await Instance.create(database, {
        threads: '1',
        memory_limit: options.memoryLimit ?? '128MB',
        checkpoint_threshold: options.checkpointThreshold ?? '64MB',
      });
      rmSync(staging, {recursive: true, force: true});
      mkdirSync(staging, {mode: 0o700});
      const writer = await instance.connect();
      // Trying these costs a tenth of all CPU time of a load; dictionaries and bit-packing stay. As an option of
      // `create` this has no effect.
      await writer.run(`SET disabled_compression_methods = 'fsst,dict_fsst,zstd'`);
      await writer.run(`SET allowed_directories = [${literal(staging)}]`);
      await writer.run('SET enable_external_access = false');
      return new DuckDbClient(database, file, instance, [writer, await instance.connect()]);
    } catch (error) {
      openFiles.delete(file);
      throw unreachable(database, error);
    }
  }

  /** True after an error that leaves the connection in an unknown state: close, and open the file again. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Transactions that have been committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Runs `work` alone on the writing connection, outside of a transaction. */
  exclusive<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#writes.run(() => work(this.#writer));
  }

  /**
   * Runs `work` alone and in a transaction. It commits only when every statement succeeded: DuckDB's COMMIT after a
   * failed one raises nothing and throws the whole transaction away.
   */
  transaction<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.exclusive(async (connection) => {
      await connection.run('BEGIN');
      let result: T;
      try {
        result = await work(connection);
      } catch (error) {
        await this.#rollback(connection);
        throw error;
      }
      try {
        await connection.run('COMMIT');
      } catch (error) {
        // Whether it is durable is unknown; only a newly opened file can tell.
        this.#broken = true;
        throw error;
      }
      this.#commits++;
      return result;
    });
  }

  /** Copies what is committed to a DuckDB file of its own; reads and writes wait. Where files can share blocks, no byte is copied. */
  copyTo(path: string): Promise<void> {
    return this.exclusive((connection) =>
      this.#reads.run(async () => {
        await connection.run('CHECKPOINT');
        await copyFile(this.#file, path, constants.COPYFILE_FICLONE);
      }),
    );
  }

  /** The rows of one SELECT over committed data, values as JSON has them (int64 and decimals as text). */
  query(sql: string): Promise<Record<string, unknown>[]> {
    return this.#reads.run(() => this.#read(sql));
  }

  /**
   * The transaction begins before the statement is planned. A plan relies on what the statistics say of the rows at that
   * time (it sorts short text as a byte), and gives wrong values for longer ones that are committed after it.
   */
  async #read(sql: string): Promise<Record<string, unknown>[]> {
    const {StatementType} = await import('@duckdb/node-api');
    const statements = await this.#reader.extractStatements(sql);
    if (statements.count !== 1) throw new TypeError('query takes one statement');
    await this.#reader.run('BEGIN TRANSACTION READ ONLY');
    try {
      const statement = await statements.prepare(0);
      try {
        const {statementType} = statement;
        if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
          throw new TypeError('query takes a SELECT; it only reads');
        }
        return (await statement.runAndReadAll()).getRowObjectsJson();
      } finally {
        statement.destroySync();
      }
    } finally {
      await this.#reader.run('ROLLBACK');
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writes.ended(), this.#reads.ended()]);
    this.#reader.closeSync();
    this.#writer.closeSync();
    this.#instance.closeSync();
    openFiles.delete(this.#file);
    rmSync(this.staging, {recursive: true, force: true});
  }

  async #rollback(connection: DuckDBConnection): Promise<void> {
    try {
      await connection.run('ROLLBACK');
    } catch {
      this.#broken = true;
    }
  }
}

/** Files that this process has open: the system's locks keep out other processes only, and two writers destroy a file. */
const openFiles = new Set<string>();

/** The file's own path, which nobody else in this process can claim then. */
function claim(database: string): string {
  const file = canonical(database);
  if (openFiles.has(file))
    throw new FatalError(
      'SINK_UNREACHABLE',
      `DuckDB file ${database}: another sink of this process has it open${file === database ? '' : ` as ${file}`}; give each sink a database of its own`,
    );
  openFiles.add(file);
  return file;
}

/** Links followed, as far as the path exists. */
function canonical(path: string): string {
  if (existsSync(path)) return realpathSync.native(path);
  const directory = dirname(path);
  return existsSync(directory) ? join(realpathSync.native(directory), basename(path)) : path;
}

/** What a caller can do about an error of DuckDB's own: open again. Errors of the service pass as they are. */
export function unreachable(database: string, error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const [reason = ''] = messageOf(error).split('\n');
  const remedy = reason.includes('lock')
    ? 'close the other process that has it open'
    : 'check the path, its permissions and the free disk space';
  return new RetriableError('SINK_UNREACHABLE', `DuckDB file ${database}: ${reason}; ${remedy}`, {
    cause: error,
  });
}
