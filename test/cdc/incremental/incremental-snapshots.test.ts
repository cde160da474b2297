import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {RetriableError, ServiceError} from '../../../src/common/errors.ts';
import {readTopic, values} from '../../support/change-events.ts';
import {openTestLog, runConnector} from '../../support/connector-run.ts';
import type {ConnectorRun, ConnectorRunOptions, TestLog} from '../../support/connector-run.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {
  ScriptedSource,
  column,
  del,
  insert,
  relation,
  update,
} from '../../support/scripted-source.ts';
import {until} from '../../support/until.ts';

const TABLE = 'customers.customers';
const TOPIC = `postgres.${TABLE}`;
const customers = relation();
const row = (id: string, phone = '1'): string[] => [id, 'A', 'B', 'C', phone];

/** `op id phone` of each event, `- id` of a tombstone. */
async function events({kafka}: TestLog): Promise<readonly string[]> {
  return (await readTopic(kafka, TOPIC)).map(({key, value}) => {
    const {id} = JSON.parse(String(key)) as {id: string};
    if (value === null) return `- ${id}`;
    const {op, after} = JSON.parse(value) as {op: string; after: {phone: string} | null};
    return `${op} ${id} ${String(after?.phone)}`;
  });
}

function isPaused(run: ConnectorRun): boolean {
  const progress = run.connector.status()['incremental'] as {isPaused: boolean} | undefined;
  return progress?.isPaused === true;
}

describe('IncrementalSnapshots', () => {
  let log: TestLog;
  let source: ScriptedSource;
  let runs: ConnectorRun[];

  beforeEach(async () => {
    log = await openTestLog();
    source = new ScriptedSource();
    source.rows.set(TABLE, {
      relation: customers,
      rows: ['a', 'b', 'c', 'd', 'e'].map((id) => row(id)),
    });
    runs = [];
  });

  afterEach(async () => {
    await Promise.allSettled(runs.map((run) => run.stop()));
    await log.close();
  });

  function start({options, ...rest}: ConnectorRunOptions = {}): ConnectorRun {
    const run = runConnector(log, source, {
      ...rest,
      options: {incrementalChunkSize: 2, offsetIntervalMs: 1, ...options},
    });
    runs.push(run);
    return run;
  }

  function ask(data: object = {'data-collections': [TABLE]}, type = 'execute-snapshot'): bigint {
    return source.message('millrace.signal', JSON.stringify({type, data}));
  }

  const published = (count: number): Promise<void> =>
    until(`${count} events`, async () => (await events(log)).length >= count);
  const complete = (run: ConnectorRun): Promise<void> =>
    until(
      'nothing is left to read, and that is durable',
      () =>
        run.connector.status()['incremental'] === undefined &&
        run.connector.status()['confirmedLsn'] === source.end,
    );

  test('reads a table in chunks, as rows without LSN and transaction', async () => {
    const run = start();
    ask();
    await published(5);
    await complete(run);

    expect(await events(log)).toEqual(['r a 1', 'r b 1', 'r c 1', 'r d 1', 'r e 1']);
    expect(values(await readTopic(log.kafka, TOPIC))[0]).toMatchObject({
      op: 'r',
      before: null,
      source: {
        snapshot: 'incremental',
        txId: null,
        lsn: null,
        sequence: expect.stringMatching(/^\["\d+",null\]$/) as string,
      },
    });
  });

  test('leaves out rows that change, go or come between the request of a chunk and its watermark', async () => {
    source.onChunkRead = ({after}) => {
      if (after !== undefined) return;
      source.commit(update(customers, row('a', '2')));
      source.commit(del(customers, ['b', undefined, undefined, undefined, undefined]));
      source.commit(insert(customers, row('aa', '3')));
    };
    const run = start();
    ask();
    await published(7);
    await complete(run);

    expect(await events(log)).toEqual([
      'u a 2',
      'd b undefined',
      '- b',
      'c aa 3',
      'r c 1',
      'r d 1',
      'r e 1',
    ]);
  });

  test('leaves both keys out of an update that moves a row from one to the other', async () => {
    source.onChunkRead = ({after}) => {
      if (after === undefined) source.commit(update(customers, row('b', '2'), row('a')));
    };
    const run = start();
    ask();
    await published(6);
    await complete(run);

    expect(await events(log)).toEqual(['d a undefined', '- a', 'c b 2', 'r c 1', 'r d 1', 'r e 1']);
  });

  test('publishes nothing of a chunk whose table was truncated meanwhile', async () => {
    source.onChunkRead = ({after}) => {
      if (after === undefined) source.truncate(customers);
    };
    const run = start();
    ask();
    await published(3);
    await complete(run);

    expect(await events(log)).toEqual(['r c 1', 'r d 1', 'r e 1']);
  });

  test('does not use a chunk that was read before a transaction that the stream has delivered was over', async () => {
    const run = start();
    source.commit(insert(customers, row('a', 'new')));
    await published(1);
    source.running = [source.xid];
    let reads = 0;
    source.onChunkRead = () => {
      if (++reads === 1) source.running = [];
    };
    ask();
    await published(6);
    await complete(run);

    expect(reads).toBe(4);
  });

  test('goes on at the chunk where it was cut off, after a restart', async () => {
    const asked: unknown[] = [];
    const stopped: Promise<void>[] = [];
    const first = start();
    source.onChunkRead = ({after}) => {
      // Its watermark is written, and nobody reads it any more.
      if (asked.push(after) === 2) stopped.push(first.stop());
    };
    ask();
    await until('it stops at the second chunk', () => stopped.length === 1);
    await stopped[0];
    const second = start();
    await published(5);
    await complete(second);

    expect(asked).toEqual([undefined, ['b'], ['b'], ['d']]);
    expect(await events(log)).toEqual(['r a 1', 'r b 1', 'r c 1', 'r d 1', 'r e 1']);
  });

  test('reads a table that is captured since the last time', async () => {
    const added = relation({oid: 5, schema: 'products', table: 'products'});
    const first = start();
    source.commit(insert(customers, row('x')));
    await published(1);
    await first.stop();
    source.tables = [TABLE, 'products.products'];
    source.rows.set('products.products', {relation: added, rows: [row('p')]});
    const second = start();
    await until(
      'its row is there',
      async () => (await readTopic(log.kafka, 'postgres.products.products')).length === 1,
    );
    await complete(second);
    await second.stop();
    const third = start();
    source.commit(insert(customers, row('y')));
    await published(2);
    await complete(third);

    expect(await events(log)).toEqual(['c x 1', 'c y 1']);
    expect(await readTopic(log.kafka, 'postgres.products.products')).toHaveLength(1);
  });

  test('takes signals from the rows of its table, which are no events', async () => {
    const signals = relation({
      oid: 7,
      schema: 'ops',
      table: 'signals',
      columns: ['id', 'type', 'data'].map((name) => column(name)),
    });
    const run = start({options: {signalTable: 'ops.signals'}});
    const data = JSON.stringify({'data-collections': [TABLE]});
    source.commit(
      insert(customers, row('x')),
      insert(signals, ['1', 'execute-snapshot', data]),
      insert(customers, row('y')),
    );
    source.commit(del(signals, ['1', undefined, undefined]));
    await published(7);
    await complete(run);

    expect(await events(log)).toHaveLength(7);
    const [topic] = await log.kafka.admin.describeTopics(['postgres.ops.signals']);
    expect(topic).toBeUndefined();
  });

  test('pauses, resumes and stops', async () => {
    const run = start();
    ask({}, 'pause-snapshot');
    ask();
    await until('it waits', () => isPaused(run));
    expect(await events(log)).toEqual([]);

    ask({}, 'resume-snapshot');
    await published(5);
    await complete(run);
    ask({}, 'pause-snapshot');
    ask();
    await until('it waits again', () => isPaused(run));
    ask({}, 'stop-snapshot');
    ask({}, 'resume-snapshot');
    await complete(run);

    expect(await events(log)).toHaveLength(5);
  });

  test('waits with a condition for what the database refuses, and goes on', async () => {
    const clock = new ManualClock();
    source.chunkFailure = new RetriableError('CDC_CONNECTION_FAILED', 'gone');
    const run = start({clock});
    ask();
    await until('it says so', () => run.conditions.list().length === 1);
    expect(run.conditions.list()).toMatchObject([
      {code: 'CDC_CONNECTION_FAILED', subject: 'source camel', message: 'gone'},
    ]);

    await until('it goes on', async () => {
      clock.advance(100);
      return run.conditions.list().length === 0 && (await events(log)).length === 5;
    });
  });

  test('ends the connector with what no attempt can heal', async () => {
    source.chunkFailure = new ServiceError('RECORD_UNWRITABLE', 'no such answer');
    const run = start();
    ask();

    await expect(run.ended).rejects.toThrow('no such answer');
    expect(run.connector.status().state).toBe('failed');
  });

  test('names a table that it cannot read for want of a key', async () => {
    source.rows.set(TABLE, {relation: relation({primaryKey: []}), rows: []});
    const run = start();
    ask();
    await until('it says so', () => run.conditions.list().length === 1);

    expect(run.conditions.list()).toMatchObject([
      {code: 'CDC_TABLE_WITHOUT_KEY', subject: `source camel ${TABLE}`},
    ]);
    await complete(run);
  });
});
