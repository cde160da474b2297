import {constants, existsSync} from 'node:fs';
import {access, statfs} from 'node:fs/promises';
import {dirname} from 'node:path';
import {nearestDirectory} from '../../common/nearest-directory.ts';
import type {SinkCheck} from '../sink-check.ts';
import {CheckWarning} from '../sink-check.ts';
import {identifier, literal} from './column-sql.ts';
import {DuckDbClient} from './duckdb-client.ts';
import type {DuckDbOptions} from './duckdb-client.ts';
import {DuckDbSink} from './duckdb-sink.ts';
import {fitText, tableFit} from './duckdb-table.ts';
import {DuckDbLook} from './duckdb-look.ts';

/** Below this the next checkpoint may find no room. */
const scarceBytes = 1 << 30;

/**
 * A first run against a DuckDB file: whether it can be opened, has room, and takes what the sink writes. `madeAtStart`: a
 * directory that need not be there yet.
 */
export function duckDbCheck(options: DuckDbOptions, madeAtStart?: string): SinkCheck {
  const sink = new DuckDbSink(options);
  const {database} = options;
  const directory = dirname(database);
  const space = `check the free space and the permissions of ${directory}`;
  const room = {
    name: 'room on the disk',
    remedy: `make room in ${directory}`,
    run: async () => {
      const {bavail, bsize} = await statfs((await nearestDirectory(directory)).path);
      const free = `${Math.floor((bavail * bsize) / (1 << 20))} MB are free`;
      if (bavail * bsize < scarceBytes) throw new CheckWarning(free);
      return free;
    },
  };
  let look: Promise<DuckDbLook> | undefined;
  const looked = (): Promise<DuckDbLook> => (look ??= DuckDbLook.open(database));
  const foreign = `see what stands in ${database}: it may be of another version of DuckDB`;
  return {
    sink,
    largeBatch: 5000,
    remedies: {
      create: foreign,
      write: space,
      alter: foreign,
      upsert: space,
      load: space,
      drop: space,
    },
    steps: [
      {
        name: 'open the file',
        remedy: `stop what has ${database} open, or check its path and permissions`,
        run: async () => {
          const [row] = await sink.query('SELECT version() AS version');
          return `${database}, DuckDB ${String(row?.['version'])}`;
        },
      },
      room,
    ],
    lookSteps: [
      {
        name: 'look into the file',
        remedy: `stop what has ${database} open, or check its path and permissions`,
        run: async () => {
          if (existsSync(database)) {
            await access(database, constants.W_OK);
            return `${database}, DuckDB ${await (await looked()).version()}`;
          }
          const {path, isDirectory, isWritable} = await nearestDirectory(directory);
          if (path !== directory && directory !== madeAtStart)
            throw new Error(`${database} cannot be created: there is no directory ${directory}`);
          if (isDirectory && isWritable) return `${database}, which the sink creates`;
          throw new Error(`${database} cannot be created: ${path} is not writable`);
        },
      },
      room,
    ],
    fits: async (source) =>
      existsSync(database)
        ? tableFit((await looked()).connection, source)
        : fitText(source, undefined),
    count: async (table) => {
      const [row] = await sink.query(`SELECT count(*)::INTEGER AS rows FROM ${identifier(table)}`);
      return Number(row?.['rows']);
    },
    drop: async (table, name) => {
      // Its own connection only reads to others.
      await sink.close();
      const client = await DuckDbClient.open(options);
      try {
        await client.transaction(async (connection) => {
          await connection.run(`DROP TABLE IF EXISTS ${identifier(table)}`);
          await connection.run(`DELETE FROM _sink_offsets WHERE sink = ${literal(name)}`);
        });
      } finally {
        await client.close();
      }
    },
    close: async () => {
      await sink.close();
      (await look?.catch(() => undefined))?.close();
    },
  };
}
