import {describe, expect, inject, test} from 'vitest';
import {CapturedDatabase} from '../../support/captured-database.ts';
import type {EventValue} from '../../support/captured-database.ts';
import {values} from '../../support/change-events.ts';

const port = inject('postgresPort');
const tables = ['public.a', 'public.b'];
const setUp = 'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)';
const one = `
  BEGIN;
  INSERT INTO a VALUES (1), (2);
  UPDATE a SET id = 3 WHERE id = 2;
  INSERT INTO b VALUES (1);
  SELECT pg_logical_emit_message(true, 'note', 'x');
  TRUNCATE b;
  COMMIT`;

describe('provide.transaction.metadata', () => {
  test('check 28: numbers the events of a transaction, in all and by table', async () => {
    await using database = await CapturedDatabase.start(port, tables, setUp, {
      connector: {events: {provideTransactionMetadata: true, skippedOperations: []}},
    });

    await database.sql(one);
    const events = [
      ...(await database.events('postgres.public.a')),
      ...(await database.events('postgres.public.b')),
      ...(await database.events('postgres.message')),
    ].flatMap(([, value]) => value ?? []);

    expect(events.map(({op, transaction}) => [op, transaction])).toEqual(
      [
        ['c', 1, 1],
        ['c', 2, 2],
        ['d', 3, 3],
        ['c', 4, 4],
        ['c', 5, 1],
        ['t', 7, 2],
        ['m', 6, 1],
      ].map(([op, total, order], at) => [
        op,
        {
          id: `${events[at]?.source.txId}:${events[at]?.source.lsn}`,
          total_order: total,
          data_collection_order: order,
        },
      ]),
    );
  });

  test('check 28: writes where each transaction begins and ends, with the count of its events', async () => {
    await using database = await CapturedDatabase.start(port, tables, setUp, {
      connector: {
        valueFormat: 'JSON',
        events: {provideTransactionMetadata: true, topicTransaction: 'tx', skippedOperations: []},
      },
    });

    await database.sql(`CREATE TABLE c (id int PRIMARY KEY); INSERT INTO c VALUES (1)`);
    await database.sql(one);
    const records = await database.topic('postgres.tx');
    const [[, first] = []] = await database.events('postgres.public.a');
    const {txId, lsn, ts_ms} = (first as EventValue).source;

    const end = /:(?<lsn>\d+)/.exec(records[1]?.key ?? '')?.groups?.['lsn'];
    expect(Number(end)).toBeGreaterThan(Number(lsn));
    expect(records.map(({key, value}) => [key, value])).toEqual([
      [
        `{"id":"${txId}:${lsn}"}`,
        `{"status":"BEGIN","id":"${txId}:${lsn}","event_count":null,"data_collections":null,"ts_ms":${ts_ms}}`,
      ],
      [
        `{"id":"${txId}:${end}"}`,
        `{"status":"END","id":"${txId}:${end}","event_count":7,"data_collections":[{"data_collection":"public.a","event_count":4},{"data_collection":"public.b","event_count":2},{"data_collection":"LOGICAL_DECODING_MESSAGE","event_count":1}],"ts_ms":${ts_ms}}`,
      ],
    ]);
  });

  test('check 28: counts each transaction anew', async () => {
    await using database = await CapturedDatabase.start(port, tables, setUp, {
      connector: {events: {provideTransactionMetadata: true}},
    });

    await database.sql(one);
    await database.sql('INSERT INTO b VALUES (2)');
    const last = (await database.events('postgres.public.b')).at(-1)?.[1];

    expect(last?.transaction).toMatchObject({total_order: 1, data_collection_order: 1});
    expect(values(await database.topic('postgres.transaction')).at(-1)).toMatchObject({
      event_count: 1,
      data_collections: [{data_collection: 'public.b', event_count: 1}],
    });
  });

  test('has the ids and records of Debezium 1.9 in profile 1', async () => {
    await using database = await CapturedDatabase.start(port, tables, setUp, {
      connector: {events: {profile: '1', provideTransactionMetadata: true}},
    });

    await database.sql('INSERT INTO a VALUES (1)');
    const [[, event] = []] = await database.events('postgres.public.a');

    const id = String(event?.source.txId);
    expect(event?.transaction).toEqual({id, total_order: 1, data_collection_order: 1});
    expect(values(await database.topic('postgres.transaction'))).toEqual([
      {status: 'BEGIN', id, event_count: null, data_collections: null},
      {
        status: 'END',
        id,
        event_count: 1,
        data_collections: [{data_collection: 'public.a', event_count: 1}],
      },
    ]);
  });

  test('leaves the rows of a snapshot without a transaction', async () => {
    await using database = await CapturedDatabase.start(
      port,
      tables,
      `${setUp}; INSERT INTO a VALUES (1)`,
      {connector: {events: {provideTransactionMetadata: true}}},
    );

    const [[, event] = []] = await database.events('postgres.public.a');

    expect([event?.op, event?.transaction]).toEqual(['r', null]);
    expect(await database.topic('postgres.transaction')).toEqual([]);
  });
});
