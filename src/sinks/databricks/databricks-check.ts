import {randomUUID} from 'node:crypto';
import {rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {clockStep} from '../clock-step.ts';
import type {SinkCheck} from '../sink-check.ts';
import {identifier, literal} from './column-sql.ts';
import {DatabricksClient} from './databricks-client.ts';
import type {DatabricksDeps, DatabricksOptions, Row} from './databricks-client.ts';
import {DatabricksSink} from './databricks-sink.ts';
import {tableFit} from './databricks-table.ts';

/** A first run against a Databricks workspace. */
export function databricksCheck(options: DatabricksOptions, deps: DatabricksDeps): SinkCheck {
  const {catalog, schema, volume, httpPath} = options;
  const place = `${catalog}.${schema}`;
  const principal = '`<principal>`';
  const tables = `GRANT USE CATALOG ON CATALOG ${catalog} TO ${principal}; GRANT USE SCHEMA, CREATE TABLE, SELECT, MODIFY ON SCHEMA ${place} TO ${principal}`;
  const files = `GRANT READ VOLUME, WRITE VOLUME ON VOLUME ${volumeName(volume)} TO ${principal}`;
  let opened: DatabricksClient | undefined;

  // Not the sink's, which each client empties.
  const stagingDirectory = join(tmpdir(), `millrace-check-${randomUUID()}`);
  const session = async (): Promise<DatabricksClient> =>
    (opened ??= await DatabricksClient.open({...options, stagingDirectory}, deps));

  const one = async (sql: string): Promise<Row> => (await (await session()).query(sql))[0] ?? {};

  return {
    sink: new DatabricksSink(options, deps),
    largeBatch: 1000,
    remedies: {
      create: tables,
      write: `${tables}; ${files}`,
      alter: tables,
      upsert: tables,
      load: files,
      drop: tables,
    },
    steps: [
      {
        name: 'log in',
        remedy: `check host, http.path and token, or oauth.client.id and its secret; let the principal use the SQL warehouse ${httpPath} (Can use)`,
        run: async () => String((await one('SELECT current_user() AS login'))['login']),
      },
      {
        name: 'look into the volume',
        remedy: `CREATE VOLUME ${volumeName(volume)}; ${files}`,
        run: async () => {
          await one(`LIST ${literal(volume)}`);
          return volume;
        },
      },
      clockStep(deps.clock, async () =>
        Number((await one('SELECT unix_millis(now()) AS now'))['now']),
      ),
    ],
    count: async (table) =>
      Number((await one(`SELECT count(*) AS row_count FROM ${identifier(table)}`))['row_count']),
    drop: async (table, name) => {
      const client = await session();
      await client.run(`DROP TABLE IF EXISTS ${identifier(table)}`);
      await client.run(`DELETE FROM _sink_offsets WHERE sink = ${literal(name)}`);
    },
    fits: async (source) => tableFit(await session(), source),
    close: async () => {
      await opened?.close();
      rmSync(stagingDirectory, {recursive: true, force: true});
    },
  };
}

/** `/Volumes/main/default/millrace/folder` is in `main.default.millrace`. */
function volumeName(path: string): string {
  return path.split('/').slice(2, 5).join('.');
}
