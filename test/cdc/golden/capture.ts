import {readFileSync} from 'node:fs';
import type {Client} from 'pg';
import type {ConnectorOptions} from '../../../src/cdc/connector-options.ts';
import {parseLsn} from '../../../src/cdc/postgres/lsn.ts';
import {openTestLog, runConnector} from '../../support/connector-run.ts';
import type {TestLog} from '../../support/connector-run.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {readTopic} from '../../support/change-events.ts';
import {until} from '../../support/until.ts';
import {changeHeaders, withoutRun} from './change-event.ts';
import type {ChangeEvent, EventsByTopic} from './change-event.ts';
import {connectSchemaOf} from './connect-schema.ts';
import type {ConnectSchema} from './connect-schema.ts';
import {parseExactly} from './exact-json.ts';

/**
 * What our connector writes for a pair of scripts: `<script>.snapshot.sql` before it starts, `<script>.stream.sql` while
 * it streams, statement by statement.
 */
export async function capture(
  port: number,
  script: string,
  options: Partial<ConnectorOptions>,
): Promise<EventsByTopic> {
  const scripts = {
    snapshot: readFileSync(`${script}.snapshot.sql`, 'utf8'),
    stream: readFileSync(`${script}.stream.sql`, 'utf8'),
  };
  await using database = await TestSource.create(port);
  const client = await database.client();
  await client.query(`SET timezone = 'UTC'; ${scripts.snapshot}`);
  const source = TestSource.of({
    ...database.options,
    tableIncludeList: await tables(client, scripts.snapshot),
  });
  const log = await openTestLog();
  const run = runConnector(log, source.source, {
    options: {keyFormat: 'JSON_SR', offsetIntervalMs: 100, ...options},
  });
  const untilItIs = (what: string, condition: () => boolean) =>
    Promise.race([until(`it is ${what}`, condition), run.ended]);
  try {
    await untilItIs('streaming', () => run.connector.status()['phase'] === 'stream');
    for (const statement of statements(scripts.stream)) await client.query(statement);
    const {rows} = await client.query<{lsn: string}>('SELECT pg_current_wal_lsn() AS lsn');
    const end = parseLsn(rows[0]?.lsn ?? '');
    await untilItIs('durable', () => parseLsn(source.source.status().confirmedLsn ?? '0/0') >= end);
    return await eventsOf(log);
  } finally {
    await client.end();
    await run.stop();
    await log.close();
  }
}

/** The tables that the snapshot script has made in its schema; a partition goes with its root. */
async function tables(client: Client, snapshotScript: string): Promise<readonly string[]> {
  const schema = /CREATE SCHEMA (\w+)/.exec(snapshotScript)?.[1] ?? '';
  const {rows} = await client.query<{name: string}>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')
       AND NOT relispartition ORDER BY relname`,
    [schema],
  );
  return rows.map(({name}) => `${schema}.${name}`);
}

async function eventsOf({kafka, registry}: TestLog): Promise<EventsByTopic> {
  const events = new Map<string, readonly ChangeEvent[]>();
  const schemas = new Map<number, ConnectSchema | undefined>();
  const schemaOf = async (id: number | undefined): Promise<ConnectSchema | undefined> => {
    if (id === undefined) return undefined;
    const text = schemas.has(id) ? undefined : await registry.byId(id);
    if (text !== undefined) schemas.set(id, connectSchemaOf(text));
    return schemas.get(id);
  };
  const topics = (await kafka.admin.describeTopics())
    .map(({name}) => name)
    .filter((name) => name.startsWith('postgres.'));
  for (const topic of topics) {
    const list: ChangeEvent[] = [];
    for (const record of await readTopic(kafka, topic)) {
      list.push({
        keySchema: await schemaOf(record.keySchemaId),
        valueSchema: await schemaOf(record.valueSchemaId),
        key: record.key && withoutRun(topic, parseExactly(record.key)),
        value: record.value && withoutRun(topic, parseExactly(record.value)),
        headers: changeHeaders(
          Object.fromEntries(
            Object.entries(record.headers).map(([name, value]) => [name, value.toString()]),
          ),
        ),
      });
    }
    events.set(topic, list);
  }
  return events;
}

function statements(script: string): readonly string[] {
  return script
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--'))
    .join('\n')
    .split(/;\s*\n/)
    .filter((statement) => statement.trim() !== '');
}
