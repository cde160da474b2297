import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {FatalError, RetriableError, TaskError} from '../../src/common/errors.ts';
import {encodeSourcePosition} from '../../src/serde/source-position.ts';
import {readTopic, values} from '../support/change-events.ts';
import {openTestLog, runConnector} from '../support/connector-run.ts';
import type {ConnectorRun, ConnectorRunOptions, TestLog} from '../support/connector-run.ts';
import {withProducerFaults} from '../support/producer-faults.ts';
import type {ProducerFaults} from '../support/producer-faults.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {RecordedMetrics} from '../support/recorded-metrics.ts';
import {
  SYSTEM_ID,
  ScriptedSource,
  column,
  del,
  insert,
  relation,
  update,
} from '../support/scripted-source.ts';
import {until} from '../support/until.ts';

const TOPIC = 'postgres.customers.customers';
const SOURCE = {name: 'camel', systemId: SYSTEM_ID};
const customers = relation();
const anne = ['c-1', 'Anne', 'K', null, '555'];
const bert = ['c-2', 'Bert', 'L', null, '666'];

function snapshotMarks(records: Awaited<ReturnType<typeof readTopic>>): unknown[] {
  return values(records).map((value) => {
    const {
      op,
      source: {snapshot, sequence, lsn},
    } = value as {op: string; source: Record<string, unknown>};
    return [op, snapshot, sequence, lsn];
  });
}

function rowsMarked(...markers: string[]): unknown[] {
  return markers.map((marker) => ['r', marker, '[null,"1000"]', 1000]);
}

describe('CdcConnector', () => {
  let log: TestLog;
  let source: ScriptedSource;
  let runs: ConnectorRun[];

  beforeEach(async () => {
    log = await openTestLog();
    source = new ScriptedSource();
    runs = [];
  });

  afterEach(async () => {
    await Promise.allSettled(runs.map((run) => run.stop()));
    await log.close();
  });

  function start(options: ConnectorRunOptions = {}): ConnectorRun {
    const run = runConnector(log, source, options);
    runs.push(run);
    return run;
  }

  /** A connector whose first commit dies as `faults` says, and which then starts over. */
  function startFaulty(faults: ProducerFaults): ManualClock {
    const clock = new ManualClock();
    start({kafka: withProducerFaults(log.kafka, faults), clock});
    return clock;
  }

  const confirmed = (lsn: bigint): Promise<void> =>
    until(`${lsn} is confirmed`, () => source.confirmed >= lsn, 10_000);

  /** Counts what was aborted too, and the markers of both. */
  const logEnd = async (): Promise<number | undefined> =>
    (await log.kafka.admin.offsets([{topic: TOPIC, partition: 0}]))[0]?.latest;

  const ops = async (topic: string): Promise<unknown> =>
    (await readTopic(log.kafka, topic)).map(({key, value}) => {
      const {
        op,
        source: {snapshot},
      } = JSON.parse(String(value)) as {op: string; source: {snapshot: string}};
      return `${op} ${String(key)} ${snapshot}`;
    });

  const keysAndOps = async (): Promise<readonly unknown[]> =>
    (await readTopic(log.kafka, TOPIC)).map(({key, value}) => [
      key,
      value && (JSON.parse(value) as {op: string}).op,
    ]);

  test('check 2: marks the first and last rows of the snapshot and of each table, without tombstones', async () => {
    const products = relation({oid: 2, schema: 'products', table: 'products'});
    const empty = relation({oid: 3, table: 'nothing'});
    source.snapshotTables = [
      {relation: customers, rows: [['1'], ['2'], ['3'], ['4'], ['5']].map(padded)},
      {relation: products, rows: [['6'], ['7'], ['8']].map(padded)},
      {relation: empty, rows: []},
    ];

    start();
    await until(
      'the snapshot is there',
      async () => (await readTopic(log.kafka, 'postgres.products.products')).length === 3,
    );

    expect(snapshotMarks(await readTopic(log.kafka, TOPIC))).toEqual(
      rowsMarked('first', 'true', 'true', 'true', 'last_in_data_collection'),
    );
    expect(snapshotMarks(await readTopic(log.kafka, 'postgres.products.products'))).toEqual(
      rowsMarked('first_in_data_collection', 'true', 'last'),
    );
  });

  test('gives snapshot rows the consistent point as their position, and the time they were taken', async () => {
    source.snapshotTables = [{relation: customers, rows: [anne, bert]}];

    start();
    await until(
      'the snapshot is there',
      async () => (await readTopic(log.kafka, TOPIC)).length === 2,
    );

    for (const {timestamp, headers} of await readTopic(log.kafka, TOPIC)) {
      expect(timestamp).toBe(1_704_067_200_000);
      expect(headers['__millrace.source']).toEqual(encodeSourcePosition(SOURCE, 1000n, 0));
    }
  });

  test('streams after the snapshot, and resumes from the durable offset', async () => {
    source.snapshotTables = [{relation: customers, rows: [anne]}];
    const first = start();
    await confirmed(source.commit(insert(customers, bert)));
    await first.stop();

    start();
    await confirmed(source.commit(update(customers, ['c-1', 'Anna', 'K', null, '555'])));

    expect(source.opened).toBe(2);
    expect(await keysAndOps()).toEqual([
      ['{"id":"c-1"}', 'r'],
      ['{"id":"c-2"}', 'c'],
      ['{"id":"c-1"}', 'u'],
    ]);
  });

  test('check 6: follows a delete with a tombstone of the same key bytes', async () => {
    start();

    await confirmed(
      source.commit(
        insert(customers, anne),
        del(customers, ['c-1', undefined, undefined, undefined, undefined]),
      ),
    );

    expect(await keysAndOps()).toEqual([
      ['{"id":"c-1"}', 'c'],
      ['{"id":"c-1"}', 'd'],
      ['{"id":"c-1"}', null],
    ]);
  });

  test('keeps the delete but not its tombstone in mode rewrite', async () => {
    start({options: {events: {deleteTombstoneHandlingMode: 'rewrite'}, afterStateOnly: true}});

    await confirmed(
      source.commit(del(customers, ['c-1', undefined, undefined, undefined, undefined])),
    );

    expect(values(await readTopic(log.kafka, TOPIC))).toEqual([
      {id: 'c-1', first_name: null, last_name: null, email: null, phone: null, __deleted: 'true'},
    ]);
  });

  test('numbers the changes of a transaction from 1 and positions them at its commit', async () => {
    start();
    const end = source.commit(insert(customers, anne), insert(customers, bert));
    await confirmed(end);

    const positions = (await readTopic(log.kafka, TOPIC)).map(
      ({headers}) => headers['__millrace.source'],
    );

    expect(positions).toEqual(
      [1, 2].map((ordinal) => encodeSourcePosition(SOURCE, end - 8n, ordinal)),
    );
  });

  test('check 33: shows nothing of a transaction that died before its commit, and then each row once', async () => {
    let attempts = 0;
    let seen: number | undefined;
    const clock = startFaulty({
      beforeCommit: () => {
        // The first commit is the snapshot's.
        if (++attempts === 2) throw new RetriableError('KAFKA_UNREACHABLE', 'died');
      },
    });
    await confirmed(1000n);
    const end = source.commit(insert(customers, anne), insert(customers, bert));
    await until('it died', () => attempts === 2 && clock.sleeping > 0);
    seen = (await readTopic(log.kafka, TOPIC)).length;
    const confirmedThen = source.confirmed;
    clock.advance(60_000);
    await confirmed(end);

    expect(seen).toBe(0);
    expect(confirmedThen).toBe(1000n);
    expect(await keysAndOps()).toEqual([
      ['{"id":"c-1"}', 'c'],
      ['{"id":"c-2"}', 'c'],
    ]);
    expect(await logEnd()).toBe(6);
  });

  test('check 32: does not double a transaction whose commit was never confirmed to Postgres', async () => {
    let commits = 0;
    const clock = startFaulty({
      afterCommit: () => {
        if (++commits === 2) throw new Error('connection lost');
      },
    });
    await confirmed(1000n);
    const end = source.commit(insert(customers, anne), insert(customers, bert));
    await until('it died', () => commits === 2 && clock.sleeping > 0);
    const confirmedThen = source.confirmed;
    clock.advance(60_000);
    await until('it runs again', () => source.opened === 2);
    const after = source.commit(update(customers, anne));
    await confirmed(after);

    expect(confirmedThen).toBe(1000n);
    expect(end).toBeLessThan(after);
    expect(await keysAndOps()).toEqual([
      ['{"id":"c-1"}', 'c'],
      ['{"id":"c-2"}', 'c'],
      ['{"id":"c-1"}', 'u'],
    ]);
  });

  test('starts the snapshot over when it died before its commit, and shows each row once', async () => {
    source.snapshotTables = [
      {relation: customers, rows: [anne, bert, ['c-3'], ['c-4'], ['c-5']].map(padded)},
    ];
    let sends = 0;
    const kafka = withProducerFaults(log.kafka, {
      beforeSend: () => {
        if (++sends === 2) throw new RetriableError('KAFKA_UNREACHABLE', 'died');
      },
    });
    const clock = new ManualClock();
    start({kafka, clock, options: {batch: {maxRecords: 2, maxBytes: 1e6}}});
    await until('it died', () => clock.sleeping > 0);
    clock.advance(60_000);
    await until(
      'the snapshot is there',
      async () => (await readTopic(log.kafka, TOPIC)).length > 0,
    );

    expect(source.opened).toBe(2);
    expect((await keysAndOps()).length).toBe(5);
    expect(await logEnd()).toBe(9);
  });

  test('splits a snapshot that is larger than one Kafka transaction takes', async () => {
    source.snapshotTables = [
      {relation: customers, rows: ['1', '2', '3', '4', '5', '6', '7'].map((id) => padded([id]))},
    ];
    let commits = 0;
    start({
      kafka: withProducerFaults(log.kafka, {afterCommit: () => void commits++}),
      options: {
        batch: {maxRecords: 2, maxBytes: 1e6},
        snapshotTransaction: {maxRecords: 2, maxBytes: 1e6, maxMs: 1e6},
      },
    });

    await until(
      'the snapshot is there',
      async () => (await readTopic(log.kafka, TOPIC)).length === 7,
    );

    expect(commits).toBeGreaterThan(1);
  });

  describe('after a snapshot was cut off', () => {
    const products = relation({oid: 2, schema: 'products', table: 'products'});
    const rows = ['1', '2', '3', '4'].map((id) => padded([id]));
    const split = {
      batch: {maxRecords: 2, maxBytes: 1e6},
      snapshotTransaction: {maxRecords: 2, maxBytes: 1e6, maxMs: 1e6},
    };

    /** Stops when the first table is complete, and a part of the second one is not committed yet. */
    async function cutOff(second: typeof products): Promise<void> {
      source.tables = ['customers.customers', 'products.products'];
      source.snapshotTables = [
        {relation: customers, rows},
        {relation: second, rows},
      ];
      source.rows.set('products.products', {relation: second, rows: rows.slice()});
      let commits = 0;
      const stopped: Promise<void>[] = [];
      const run = start({
        kafka: withProducerFaults(log.kafka, {
          afterCommit: () => {
            if (++commits === 2) stopped.push(run.stop());
          },
        }),
        options: split,
      });
      await until('it is cut off', () => stopped.length === 1);
      await stopped[0];
    }

    test('reads the tables that are not complete beside the stream', async () => {
      await cutOff(products);
      const meanwhile = source.commit(update(customers, padded(['1'])));
      start({options: {incrementalChunkSize: 3}});
      await confirmed(meanwhile);
      await until(
        'the second table is complete',
        async () => (await readTopic(log.kafka, 'postgres.products.products')).length === 4,
      );

      expect(await ops(TOPIC)).toEqual([
        'r {"id":"1"} first',
        'r {"id":"2"} true',
        'r {"id":"3"} true',
        'r {"id":"4"} last_in_data_collection',
        'u {"id":"1"} false',
      ]);
      expect(await ops('postgres.products.products')).toEqual(
        ['1', '2', '3', '4'].map((id) => `r {"id":"${id}"} incremental`),
      );
    });

    test('takes a new one where a table without a primary key is not complete', async () => {
      await cutOff(relation({...products, primaryKey: []}));
      start();
      await until(
        'the second table is complete',
        async () => (await readTopic(log.kafka, 'postgres.products.products')).length === 4,
      );

      expect(await ops(TOPIC)).toHaveLength(8);
    });
  });

  test('keeps the transaction of a snapshot open when it takes ten minutes', async () => {
    const clock = new ManualClock();
    await log.close();
    log = await openTestLog(clock);
    source.snapshotTables = [{relation: customers, rows: [anne, bert]}];
    const faults: ProducerFaults = {beforeCommit: () => clock.advance(600_000)};
    start({kafka: withProducerFaults(log.kafka, faults)});

    await confirmed(1000n);

    expect(await keysAndOps()).toEqual([
      ['{"id":"c-1"}', 'r'],
      ['{"id":"c-2"}', 'r'],
    ]);
  });

  test('sends a transaction larger than a batch in parts that become visible together', async () => {
    const rows = Array.from({length: 50}, (_, i) => padded([`c-${i}`]));
    const visible: number[] = [];
    let sends = 0;
    const kafka = withProducerFaults(log.kafka, {
      beforeSend: () => void sends++,
      beforeCommit: () => void visible.push(sends),
    });
    start({kafka, options: {batch: {maxRecords: 10, maxBytes: 1e6}}});
    await confirmed(1000n);
    source.eventsPerChunk = 7;
    const small = source.commit(insert(customers, anne));
    await confirmed(small);
    await confirmed(source.commit(...rows.map((row) => insert(customers, row))));

    // Commits: snapshot, the small one, the large one with at least four sends of its own.
    expect(visible.length).toBe(3);
    expect((visible[2] as number) - (visible[1] as number)).toBeGreaterThanOrEqual(4);
    expect((await keysAndOps()).length).toBe(51);
  });

  test('aborts a transaction that is sent in part when it stops', async () => {
    source.eventsPerChunk = 5;
    let sends = 0;
    const run = start({
      kafka: withProducerFaults(log.kafka, {beforeSend: () => void sends++}),
      options: {batch: {maxRecords: 3, maxBytes: 1e6}},
    });
    await confirmed(1000n);
    const before = sends;
    source.holdBeforeCommit = true;
    source.commit(
      ...['1', '2', '3', '4', '5', '6', '7'].map((id) => insert(customers, padded([id]))),
    );
    await until('a part is sent', () => sends > before);
    await run.stop();

    expect(await keysAndOps()).toEqual([]);
    source.holdBeforeCommit = false;
    start();
    await until('all is there', async () => (await keysAndOps()).length === 7);
  });

  test('writes the offset alone every five seconds while the WAL moves on without changes', async () => {
    const clock = new ManualClock();
    let commits = 0;
    start({kafka: withProducerFaults(log.kafka, {afterCommit: () => void commits++}), clock});
    await confirmed(1000n);

    source.idle();
    await until('it waits for the interval', () => clock.sleeping === 1);
    const idle = source.idle();
    await clock.yield();
    const early = [commits, source.confirmed];
    clock.advance(5_000);
    await confirmed(idle);

    expect(early).toEqual([1, 1000n]);
    expect(commits).toBe(2);
    expect(source.confirmations).toEqual([1000n, idle]);
  });

  test('check 39: starts from the idle position that it confirmed', async () => {
    const clock = new ManualClock();
    const run = start({clock});
    await confirmed(1000n);
    const idle = source.idle();
    await until('it waits for the interval', () => clock.sleeping === 1);
    clock.advance(5_000);
    await confirmed(idle);
    await run.stop();

    start();
    await confirmed(source.commit(insert(customers, anne)));

    expect((await keysAndOps()).length).toBe(1);
  });

  test('commits at once when little happens, and together what comes within the linger', async () => {
    const clock = new ManualClock();
    let commits = 0;
    start({
      kafka: withProducerFaults(log.kafka, {afterCommit: () => void commits++}),
      clock,
      options: {lingerMs: 5},
    });
    await confirmed(1000n);
    clock.advance(5);

    await confirmed(source.commit(insert(customers, anne)));
    const afterFirst = commits;
    source.commit(insert(customers, bert));
    await until('it lingers', () => clock.sleeping === 1);
    const last = source.commit(update(customers, anne));
    clock.advance(5);
    await confirmed(last);

    expect(afterFirst).toBe(2);
    expect(commits).toBe(3);
  });

  test('check 35: stops with a clear error when another connector takes the slot over', async () => {
    const first = start();
    await confirmed(1000n);
    await log.kafka.transactionalProducer('test-cdc-camel').init();
    source.commit(insert(customers, anne));

    const error: unknown = await first.ended.catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(FatalError);
    expect(error).toMatchObject({
      code: 'KAFKA_PRODUCER_FENCED',
      message: expect.stringContaining('camel') as string,
    });
    expect(first.connector.status().state).toBe('failed');
    expect(source.confirmed).toBe(1000n);
  });

  test('retries what is retriable, named as a condition until it is over', async () => {
    const clock = new ManualClock();
    source.openFailure = new RetriableError('CDC_CONNECTION_FAILED', 'no route');
    const run = start({clock});
    await until('it waits', () => clock.sleeping === 1);
    const during = [run.connector.status().state, run.conditions.list()];
    clock.advance(500);
    await confirmed(1000n);

    expect(during).toEqual([
      'retrying',
      [{code: 'CDC_CONNECTION_FAILED', subject: 'source camel', message: 'no route'}],
    ]);
    expect(run.conditions.list()).toEqual([]);
    expect(run.connector.status().state).toBe('running');
  });

  test.each([
    ['a fatal error', new FatalError('CDC_SLOT_LOST', 'gone')],
    ['an error that nobody named', new Error('bug')],
  ])('ends with %s', async (_, failure) => {
    source.openFailure = failure;

    await expect(start().ended).rejects.toBe(failure);
  });

  test('starts over after a failed task error', async () => {
    const clock = new ManualClock();
    source.openFailure = new TaskError('KAFKA_OFFSET_OUT_OF_RANGE', 'moved');
    start({clock});
    await until('it waits', () => clock.sleeping === 1);

    clock.advance(500);
    await confirmed(1000n);

    expect(source.opened).toBe(2);
  });

  test('check 20: gives a table with a name that Kafka does not allow a topic with underscores', async () => {
    const odd = relation({
      oid: 5,
      schema: 'Böse',
      table: 'a "b" c',
      columns: [column('ïd ✓', 'text', {nullable: false})],
      primaryKey: ['ïd ✓'],
    });
    const tricky = 'emoji 🚀 "q" \\ \n \t \u2028 \u0001 é';
    start();

    await confirmed(source.commit(insert(odd, [tricky])));

    const [record] = await readTopic(log.kafka, 'postgres.B_se.a__b__c');
    expect(JSON.parse(record?.key ?? '')).toEqual({'ïd ✓': tricky});
    expect(JSON.parse(record?.value ?? '')).toMatchObject({
      after: {'ïd ✓': tricky},
      source: {schema: 'Böse', table: 'a "b" c'},
    });
  });

  test('spreads keys over partitions as Java clients do, and keeps each key in one', async () => {
    start({options: {numPartitions: 3}});
    const rows = Array.from({length: 30}, (_, i) => padded([`c-${i % 10}`]));

    await confirmed(source.commit(...rows.map((row) => insert(customers, row))));

    const ends = await log.kafka.admin.offsets(
      [0, 1, 2].map((partition) => ({topic: TOPIC, partition})),
    );
    expect(ends.every(({latest}) => latest > 0)).toBe(true);
    expect((await readTopic(log.kafka, TOPIC)).length).toBe(30);
  });

  test('registers key and value schemas under the topic, and a new version when the table changes', async () => {
    start({options: {keyFormat: 'JSON_SR'}});
    await confirmed(source.commit(insert(customers, anne)));
    const wider = relation({columns: [...customers.columns, column('added', 'int4')]});

    await confirmed(source.commit(insert(wider, [...bert, '7'])));

    const [, second] = values(await readTopic(log.kafka, TOPIC));
    expect(second).toMatchObject({after: {id: 'c-2', added: 7}});
    expect((await readTopic(log.kafka, TOPIC)).map(({key}) => key)).toEqual([
      '{"id":"c-1"}',
      '{"id":"c-2"}',
    ]);
  });

  test('tells its slot, position and lag', async () => {
    const run = start();
    const end = source.commit(insert(customers, anne));
    await confirmed(end);
    await until('it is counted', () => run.connector.status()['events'] === 1);

    expect(run.connector.name).toBe('source camel');
    expect(run.connector.status()).toEqual({
      state: 'running',
      phase: 'stream',
      connected: true,
      slot: 'camel',
      confirmedLsn: String(end),
      lagBytes: 0,
      lagMs: expect.any(Number) as number,
      lastEventAt: expect.any(Number) as number,
      events: 1,
      snapshot: expect.objectContaining({state: 'completed'}) as object,
      tables: {'customers.customers': 'postgres.customers.customers'},
    });
  });

  test('counts the transactions whose events are committed, and how often it has tried again', async () => {
    const metrics = new RecordedMetrics();
    const clock = new ManualClock();
    source.openFailure = new RetriableError('CDC_CONNECTION_FAILED', 'no route');
    start({metrics, clock});
    await until('it waits', () => clock.sleeping === 1);
    const transactions = (): number =>
      metrics.counter('millrace_cdc_transactions_total', {source: 'camel'});
    const before = transactions();
    clock.advance(500);
    source.commit(insert(customers, anne), insert(customers, bert));
    await confirmed(source.commit(insert(customers, anne)));

    expect(before).toBe(0);
    await until('they are counted', () => transactions() === 2);
    const labels = {component: 'source camel', code: 'CDC_CONNECTION_FAILED'};
    expect(metrics.counter('millrace_retries_total', labels)).toBe(1);
  });

  test('waits between the snapshot and the changes for as long as it is told to', async () => {
    const clock = new ManualClock();
    source.snapshotTables = [{relation: customers, rows: [anne]}];
    start({clock, options: {streamingDelayMs: 60_000}});
    await confirmed(1000n);
    const end = source.commit(insert(customers, bert));
    await until('it waits', () => clock.sleeping === 1);

    const early = await keysAndOps();
    clock.advance(60_000);
    await confirmed(end);

    expect(early).toEqual([['{"id":"c-1"}', 'r']]);
    expect(await keysAndOps()).toHaveLength(2);
  });

  test('tells how far its snapshot is, also once it is complete', async () => {
    source.snapshotTables = [{relation: customers, rows: [anne, bert]}];
    source.snapshotEstimates = [{table: 'customers.customers', estimatedRows: 3}];
    const run = start();
    await confirmed(1000n);
    await until('it streams', () => run.connector.status()['phase'] === 'stream');

    expect(run.connector.status()['snapshot']).toMatchObject({
      state: 'completed',
      rowsScanned: 2,
      percent: 100,
      tables: {'customers.customers': {state: 'completed', rowsScanned: 2, estimatedRows: 3}},
    });
  });

  test('tells that its snapshot was cut off', async () => {
    source.snapshotTables = [{relation: customers, rows: [anne, bert]}];
    const kafka = withProducerFaults(log.kafka, {
      beforeCommit: () => {
        throw new RetriableError('KAFKA_UNREACHABLE', 'died');
      },
    });
    const clock = new ManualClock();
    const run = start({kafka, clock});
    await until('it died', () => clock.sleeping > 0);

    expect(run.connector.status()['snapshot']).toMatchObject({state: 'aborted', rowsScanned: 2});
  });

  test('takes only the snapshot in mode initial_only', async () => {
    source.snapshotTables = [{relation: customers, rows: [anne]}];
    const run = start({options: {snapshotMode: 'initial_only'}});
    await confirmed(1000n);
    source.commit(insert(customers, bert));
    await until('it is done', () => run.connector.status().state === 'running');

    await run.stop();

    expect(await keysAndOps()).toEqual([['{"id":"c-1"}', 'r']]);
    expect(run.connector.status().state).toBe('stopped');
  });
});

/** A row of `customers` from its first columns. */
function padded(columns: readonly (string | null)[]): (string | null)[] {
  return [...columns, ...Array.from({length: 5 - columns.length}, () => null)];
}
