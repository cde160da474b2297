import type {Clock} from '../../common/clock.ts';
import type {SinkCheck} from '../sink-check.ts';
import {preservedCase, upperCase} from './identifier.ts';
import {offsetsTable} from './sink-offsets.ts';
import {SnowflakeConnection} from './snowflake-connection.ts';
import type {SnowflakeOptions} from './snowflake-options.ts';
import {SnowflakeSink} from './snowflake-sink.ts';
import {tableFit} from './snowflake-table.ts';

/** What the check's large batch is above, so that it takes the stage. */
const CHECK_THRESHOLD_BYTES = 65_536;

/** A first run against a Snowflake account: the login, what the session may use, and what the sink writes. */
export function snowflakeCheck(configured: SnowflakeOptions, clock: Clock): SinkCheck {
  const options = {
    ...configured,
    stageThresholdBytes: Math.min(configured.stageThresholdBytes, CHECK_THRESHOLD_BYTES),
  };
  const {account, user, warehouse, database, schema, stage} = options;
  const place = `${database}.${schema}`;
  const role = options.role ?? `<default role of ${user}>`;
  const identifier = options.preserveCase ? preservedCase : upperCase;
  const sink = new SnowflakeSink(options, clock);
  let session: Promise<SnowflakeConnection> | undefined;
  const connected = (): Promise<SnowflakeConnection> =>
    (session ??= SnowflakeConnection.open(options, clock));
  const create = `GRANT USAGE ON DATABASE ${database} TO ROLE ${role}; GRANT USAGE, CREATE TABLE ON SCHEMA ${place} TO ROLE ${role}`;
  const write = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${place} TO ROLE ${role}`;
  const own = `GRANT OWNERSHIP ON TABLE ${place}.<table> TO ROLE ${role}`;
  return {
    sink,
    largeBatch: 5000,
    remedies: {
      create,
      write,
      alter: own,
      upsert: write,
      load:
        stage === undefined
          ? create
          : `GRANT READ, WRITE ON STAGE ${place}.${stage} TO ROLE ${role}`,
      drop: own,
    },
    steps: [
      {
        name: 'log in',
        remedy: `check account and url, and for a key: ALTER USER ${user} SET RSA_PUBLIC_KEY = '<its public key>'`,
        run: async () => {
          const {rows} = await (await connected()).execute('SELECT CURRENT_VERSION() AS VERSION');
          return `account ${account}, version ${rows[0]?.['VERSION'] ?? 'unknown'}`;
        },
      },
      {
        name: 'use warehouse, database and schema',
        remedy: `GRANT USAGE ON WAREHOUSE ${warehouse} TO ROLE ${role}; GRANT USAGE ON DATABASE ${database} TO ROLE ${role}; GRANT USAGE ON SCHEMA ${place} TO ROLE ${role}`,
        run: async () => {
          const {rows} = await (
            await connected()
          ).execute(
            'SELECT CURRENT_WAREHOUSE() AS W, CURRENT_DATABASE() AS D, CURRENT_SCHEMA() AS S',
          );
          const {W: used = null, D: inDatabase = null, S: inSchema = null} = rows[0] ?? {};
          if (used === null) throw new Error(`the session has no warehouse ${warehouse}`);
          if (inDatabase === null) throw new Error(`the session has no database ${database}`);
          if (inSchema === null) throw new Error(`the session has no schema ${place}`);
          return `${used}, ${inDatabase}.${inSchema}`;
        },
      },
      {
        name: 'see own transactions',
        remedy: `without it, locks of a process that has died end by LOCK_TIMEOUT and not at once`,
        run: async () => {
          const {rows} = await (await connected()).execute('SHOW TRANSACTIONS');
          return `${rows.length} open`;
        },
      },
    ],
    count: async (table) => {
      const {rows} = await (
        await connected()
      ).execute(`SELECT COUNT(*)::VARCHAR AS N FROM ${identifier(table)}`);
      return Number(rows[0]?.['N']);
    },
    drop: async (table, name) => {
      const connection = await connected();
      await connection.execute(`DROP TABLE IF EXISTS ${identifier(table)}`);
      await connection.execute(`DELETE FROM ${offsetsTable} WHERE SINK = ?`, [name]);
    },
    fits: async (source) => tableFit(await connected(), source, identifier),
    close: async () => {
      await sink.close();
      await (await session?.catch(() => undefined))?.close();
    },
  };
}
