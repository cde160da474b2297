import type {ConnectorOptions} from '../../../src/cdc/connector-options.ts';
import type {PostgresSourceOptions} from '../../../src/cdc/postgres/postgres-source-options.ts';
import type {Logger} from '../../../src/common/logger.ts';
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

/** SQL that runs before the connector starts, and SQL that runs, statement by statement, while it streams. */
export interface Scripts {
  readonly snapshot: string;
  readonly stream: string;
}

export interface CaptureSettings {
  readonly connector?: Partial<ConnectorOptions>;
  readonly source?: Partial<PostgresSourceOptions>;
  readonly logger?: Logger;
}

/** What our connector writes for scripts that make one schema and work in it. */
export async function capture(
  port: number,
  scripts: Scripts,
  settings: CaptureSettings = {},
): Promise<EventsByTopic> {
  const schema = /CREATE SCHEMA (\w+)/.exec(scripts.snapshot)?.[1] ?? '';
  await using source = await TestSource.create(port, {
    schemaIncludeList: [schema],
    tableIncludeList: undefined,
    publicationMode: 'all_tables',
    ...settings.source,
  });
  const client = await source.client();
  await client.query(`SET timezone = 'UTC'; ${scripts.snapshot}`);
  const log = await openTestLog();
  const run = runConnector(log, source.source, {
    options: {keyFormat: 'JSON_SR', offsetIntervalMs: 100, ...settings.connector},
    ...(settings.logger && {logger: settings.logger}),
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
