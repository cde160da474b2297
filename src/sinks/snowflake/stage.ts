import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {constants, gzip} from 'node:zlib';
import {literal, upperCase} from './identifier.ts';
import {loadTable} from './load-sql.ts';
import type {SnowflakeConnection} from './snowflake-connection.ts';

const compress = promisify(gzip);

/**
 * Takes large batches to the warehouse as files: PUT to a stage before the transaction, COPY INTO a temporary table within.
 *
 * The target's rows come from that table by the same INSERT or MERGE as small batches'. COPY is DML, so it is rolled back
 * with the rest. It remembers files that it has loaded, for 64 days and by name, and would skip them: FORCE takes them
 * whatever it remembers, since the watermark alone says what is loaded.
 */
export class Stage {
  readonly #connection: SnowflakeConnection;
  readonly #location: string;
  #isReady = false;

  /** Files go to a folder of the partition's, `folder`, in the named stage or in the user's own. */
  constructor(connection: SnowflakeConnection, stage: string | undefined, folder: string) {
    this.#connection = connection;
    this.#location = `@${stage === undefined ? '~' : upperCase(stage)}/millrace/${folder}`;
  }

  /** Uploads a file of rows. Outside of any transaction: the table that it creates the first time would commit it. */
  async upload(name: string, lines: readonly string[]): Promise<StagedFile> {
    if (!this.#isReady) {
      // What writers before this one have left; they are fenced.
      await this.#connection.execute(`REMOVE ${this.#location}/`);
      await this.#connection.execute(
        `CREATE TEMPORARY TABLE IF NOT EXISTS ${loadTable} (R VARIANT)`,
      );
      this.#isReady = true;
    }
    const file = `${name}.json.gz`;
    const directory = await mkdtemp(join(tmpdir(), 'millrace-stage-'));
    try {
      const path = join(directory, file);
      // The fastest level: the network is not what large batches wait for.
      await writeFile(path, await compress(lines.join('\n'), {level: constants.Z_BEST_SPEED}));
      await this.#connection.execute(
        `PUT ${literal(`file://${path}`)} ${this.#location}/ SOURCE_COMPRESSION = GZIP AUTO_COMPRESS = FALSE OVERWRITE = TRUE`,
      );
    } finally {
      await rm(directory, {recursive: true, force: true});
    }
    return {name: file, rows: lines.length};
  }

  /** Fills the temporary table with the file's rows, within the open transaction. */
  async copy({name, rows}: StagedFile): Promise<void> {
    await this.#connection.execute(`DELETE FROM ${loadTable}`);
    const result = await this.#connection.execute(
      `COPY INTO ${loadTable} FROM ${this.#location}/ FILES = (${literal(name)}) FILE_FORMAT = (TYPE = JSON COMPRESSION = GZIP) ON_ERROR = ABORT_STATEMENT FORCE = TRUE`,
    );
    const loaded = result.rows.reduce((sum, row) => sum + Number(row['rows_loaded'] ?? 0), 0);
    if (loaded !== rows) throw new Error(`COPY INTO has loaded ${loaded} of ${rows} rows`);
  }

  /** Takes a file away that is loaded, or is not to be. What stays costs storage and nothing else. */
  async remove({name}: StagedFile): Promise<void> {
    await this.#connection.execute(`REMOVE ${this.#location}/${name}`).catch(() => undefined);
  }
}

export interface StagedFile {
  readonly name: string;
  readonly rows: number;
}
