import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, describe, expect, inject, onTestFinished, test} from 'vitest';
import {loadConfig} from '../../src/config/load-config.ts';
import type {Config} from '../../src/config/config.ts';
import {snapshotCommand} from '../../src/service/snapshot-command.ts';
import type {SnapshotCommand} from '../../src/service/snapshot-command.ts';
import {ConfigFolder} from '../config/config-folder.ts';
import {readTopic} from '../support/change-events.ts';
import {openTestLog, runConnector} from '../support/connector-run.ts';
import {TestSource} from '../support/postgres-test-source.ts';
import {until} from '../support/until.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const execute: SnapshotCommand = {
  tables: ['public.t'],
  source: undefined,
  where: undefined,
  action: 'execute',
};

function configOf(...sources: readonly {readonly name: string; readonly dbname: string}[]): Config {
  const file = join(folder.path, 'm.yaml');
  const text = sources.map(({name, dbname}) =>
    [
      `  ${name}:`,
      '    database.hostname: 127.0.0.1',
      `    database.port: ${inject('postgresPort')}`,
      `    database.dbname: ${dbname}`,
      '    database.user: postgres',
      '    database.password: none',
      `    topic.prefix: ${name}`,
      `    slot.name: ${name}`,
      '    table.include.list: public.t',
    ].join('\n'),
  );
  writeFileSync(file, text.length === 0 ? '' : `sources:\n${text.join('\n')}\n`);
  return loadConfig({file});
}

describe('snapshotCommand', () => {
  test('has the service that reads the source read the table', async () => {
    const source = await TestSource.create(inject('postgresPort'), {snapshotMode: 'never'});
    onTestFinished(() => source[Symbol.asyncDispose]());
    await source.sql(
      'CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5)',
    );
    const log = await openTestLog();
    const {dbname, slotName} = source.options;
    const run = runConnector(log, source.source, {
      options: {snapshotMode: 'never', dbname, slotName},
    });
    onTestFinished(async () => {
      await run.stop();
      await log.close();
    });
    await until('it streams', () => run.connector.status()['phase'] === 'stream');

    const config = configOf({name: 'camel', dbname});
    const answer = await snapshotCommand(config, {...execute, where: 'id > 2'});

    await until(
      'the rows are there',
      async () => (await readTopic(log.kafka, 'postgres.public.t')).length === 3,
    );
    expect(answer).toMatch(
      /^source camel: execute an incremental snapshot of public\.t, at LSN [0-9A-F]+\/[0-9A-F]+;.*\n$/,
    );
  });

  test('names the server that it cannot reach, and what to check', async () => {
    const config = configOf({name: 'camel', dbname: 'there_is_none'});

    await expect(snapshotCommand(config, execute)).rejects.toThrow(
      /^source camel: .*127\.0\.0\.1.* has no database there_is_none; check database\.dbname/,
    );
  });

  test.each([
    ['without sources', [], {}, /names no sources; the databases of the demo/],
    [
      'for a source that is not there',
      [{name: 'camel', dbname: 'a'}],
      {source: 'cat'},
      /--source cat: there is no such source; there are camel$/,
    ],
    [
      'with several sources and none named',
      [
        {name: 'camel', dbname: 'a'},
        {name: 'turtle', dbname: 'a'},
      ],
      {},
      /--source: there are camel, turtle$/,
    ],
    ['without tables', [{name: 'camel', dbname: 'a'}], {tables: []}, /name the tables to read/],
  ])('refuses %s', async (_name, sources, options, message) => {
    await expect(snapshotCommand(configOf(...sources), {...execute, ...options})).rejects.toThrow(
      message,
    );
  });
});
