import {describe, expect, inject, test} from 'vitest';
import {typeHandlingDefaults} from '../../../src/cdc/events/types/type-handling.ts';
import {CapturedDatabase} from '../../support/captured-database.ts';
import type {EventValue} from '../../support/captured-database.ts';
import {readTopic, values} from '../../support/change-events.ts';
import {until} from '../../support/until.ts';

const port = inject('postgresPort');
const table = 'CREATE TABLE t (id int PRIMARY KEY)';
const prefixes = async (database: CapturedDatabase): Promise<readonly unknown[]> =>
  (await database.events('postgres.message')).map(([key]) => key);

describe('logical decoding messages', () => {
  test('are events of their prefix, in the transaction that they were written in', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`
      BEGIN;
      INSERT INTO t VALUES (1);
      SELECT pg_logical_emit_message(true, 'p"1', 'text');
      SELECT pg_logical_emit_message(true, 'p"1', '\\x00ff'::bytea);
      COMMIT`);
    const events = await database.events('postgres.message');
    const [[, insert] = []] = await database.events('postgres.public.t');

    const {txId, ts_us} = (insert as EventValue).source;
    expect(events.map(([key]) => key)).toEqual([{prefix: 'p"1'}, {prefix: 'p"1'}]);
    expect(events.map(([, value]) => value)).toMatchObject(
      ['dGV4dA==', 'AP8='].map((content) => ({
        op: 'm',
        message: {prefix: 'p"1', content},
        transaction: null,
        source: {schema: '', table: '', txId, ts_us, snapshot: 'false'},
      })),
    );
  });

  test('are events of their own outside of any transaction, and come once', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);
    const emit = (content: string): Promise<unknown> =>
      database.sql(`SELECT pg_logical_emit_message(false, 'p', '${content}')`);

    await emit('one');
    await database.published();
    await database.restart();
    await emit('two');
    await database.sql('INSERT INTO t VALUES (1)');
    const events = await database.events('postgres.message');

    expect(events.map(([, value]) => value)).toMatchObject(
      ['b25l', 'dHdv'].map((content) => ({op: 'm', message: {content}, source: {txId: null}})),
    );
    const sources = events.map(([, value]) => value?.source);
    expect(sources.map((source) => source?.sequence)).toEqual(
      sources.map((source) => `["${source?.lsn}","${source?.lsn}"]`),
    );
    const [[, insert] = []] = await database.events('postgres.public.t');
    expect(insert?.source.sequence).toMatch(`["${sources[1]?.lsn}",`);
  });

  test('come without a transaction that follows them', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`SELECT pg_logical_emit_message(false, 'p', 'alone')`);
    await until(
      'it is there',
      async () => (await readTopic(database.log.kafka, 'postgres.message')).length === 1,
      10_000,
    );

    expect(await prefixes(database)).toEqual([{prefix: 'p'}]);
  });

  test('have the fields of Debezium in their order', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {valueFormat: 'JSON'},
    });

    await database.sql(`SELECT pg_logical_emit_message(true, 'p', 'x')`);

    const [event] = values(await database.topic('postgres.message'));
    expect(Object.keys(event as object)).toEqual([
      'op',
      'ts_ms',
      'source',
      'transaction',
      'message',
    ]);
  });

  test('show their content as binary.handling.mode says', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {types: {...typeHandlingDefaults, binary: 'hex'}},
    });

    await database.sql(`SELECT pg_logical_emit_message(true, 'p', '\\x00ff'::bytea)`);

    const [event] = values(await database.topic('postgres.message'));
    expect(event).toMatchObject({message: {content: '00ff'}});
  });

  test.each([
    ['include', {messagePrefixInclude: ['a.*']}, [{prefix: 'ab'}, {prefix: 'Abc'}]],
    ['exclude', {messagePrefixExclude: ['a.*']}, [{prefix: 'b'}, {prefix: 'ba'}]],
  ])('are chosen by message.prefix.%s.list', async (_, events, chosen) => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table, {
      connector: {events},
    });

    await database.sql(
      ['ab', 'b', 'Abc', 'ba']
        .map((prefix) => `SELECT pg_logical_emit_message(true, '${prefix}', '')`)
        .join(';'),
    );

    expect(await prefixes(database)).toEqual(chosen);
  });

  test('of the service itself are no events', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`
      SELECT pg_logical_emit_message(true, 'millrace.x', ''), pg_logical_emit_message(true, 'millrace', '')`);

    expect(await prefixes(database)).toEqual([{prefix: 'millrace'}]);
  });
});
