import {afterAll, afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {Conditions} from '../../src/common/conditions.ts';
import {RetriableError} from '../../src/common/errors.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {EmbeddedRegistry} from '../../src/serde/registry/embedded-registry.ts';
import {sinkConnector} from '../../src/service/sink-connector.ts';
import {ordersEnriched} from '../../src/topics.ts';
import {ConfigFolder, yamlWith} from '../config/config-folder.ts';
import {SinkHarness} from '../sinks/sink-harness.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import type {SinkFaults} from '../support/memory-sink.ts';
import {until} from '../support/until.ts';

const {name: topic} = ordersEnriched;

const folder = new ConfigFolder();
let harness: SinkHarness;
let warehouse: MemoryWarehouse;
beforeEach(async () => {
  harness = await SinkHarness.open();
  await harness.kafka.admin.ensureTopics([{name: topic, partitions: 1, cleanupPolicy: 'delete'}]);
  warehouse = new MemoryWarehouse();
});
afterEach(() => harness.close());
afterAll(() => folder.remove());

/** Orders as the topology writes them; a null size is a tombstone. */
async function produce(...orders: readonly (readonly [id: string, size: string | null])[]) {
  const keys = await harness.serdes.serializer(ordersEnriched.key, topic, 'key');
  const values = await harness.serdes.serializer(ordersEnriched.value, topic, 'value');
  const records = orders.map(([id, size]) => {
    const order = {order_id: id, product_id: 'p', id: 'c', size};
    const value = size === null ? null : values.serialize(order);
    return {key: keys.serialize(id), value, timestamp: 0, headers: []};
  });
  await harness.produce(records, {topic});
}

async function produceUnreadable(): Promise<void> {
  const value = Buffer.from('no JSON_SR');
  await harness.produce([{key: Buffer.from('"bad"'), value, timestamp: 0, headers: []}], {topic});
}

/** The batches that are written until the watermark is at `nextOffset`, under this configuration. */
async function run(
  yaml: Parameters<typeof yamlWith>[0],
  nextOffset: number,
  faults: SinkFaults = {},
): Promise<readonly (readonly number[])[]> {
  const config = folder.load(yamlWith(yaml));
  const batches: (readonly number[])[] = [];
  const sink = new MemorySink(warehouse, {
    ...faults,
    afterWrite: ({rows}) => void batches.push(rows.map(({offset}) => offset)),
  });
  const {kafka, serdes, metrics} = harness;
  const connector = sinkConnector(config.sinks[0]!, sink, config, {
    instance: {id: 'one', isConfigured: false},
    kafka,
    serdes,
    metrics,
    registry: await EmbeddedRegistry.open({kafka, clock: systemClock}),
    clock: systemClock,
    logger: silentLogger,
    conditions: new Conditions(),
  });
  const stop = new AbortController();
  const done = connector.run(stop.signal);
  const reached = until(
    'the sink is there',
    () =>
      stop.signal.aborted || warehouse.watermarks.get(`b/${topic}/0`)?.nextOffset === nextOffset,
  );
  try {
    await Promise.race([done, reached]);
  } finally {
    stop.abort();
    await Promise.allSettled([done, reached]);
  }
  return batches;
}

const written = (): readonly unknown[] =>
  warehouse.rows(topic).map(({order_id, size}) => [order_id, size]);

const topicsThere = async (): Promise<readonly string[]> =>
  (await harness.kafka.admin.describeTopics()).map(({name}) => name);

describe('sinkConnector', () => {
  test('stops at a record that cannot be read, as errors.tolerance says without being set', async () => {
    await produce(['o1', 'S']);
    await produceUnreadable();

    await expect(run({}, 4)).rejects.toMatchObject({
      name: 'FatalError',
      code: 'RECORD_UNREADABLE',
      message: expect.stringContaining(`${topic}-0@2`),
    });

    expect(written()).toEqual([['o1', 'S']]);
    expect(await topicsThere()).not.toContain('dlq-millrace');
  });

  test.each([
    [['errors.tolerance: all'], [], 'dlq-b'],
    [['errors.tolerance: all', 'errors.deadletterqueue.topic.name: bad'], [], 'bad'],
    [[], ['errors.tolerance: all', 'errors.deadletterqueue.topic.name: bad-orders'], 'bad-orders'],
    [['errors.deadletterqueue.topic.name: bad'], ['errors.tolerance: all'], 'bad'],
  ])('skips it under %j and, of the sink, %j, into topic %s', async (top, sink, letters) => {
    await produce(['o1', 'S']);
    await produceUnreadable();
    await produce(['o2', 'M']);

    await run({top: ['num.partitions: 2', ...top], sink}, 6);

    expect(written()).toEqual([
      ['o1', 'S'],
      ['o2', 'M'],
    ]);
    const kept = [...(await harness.read(letters, 0)), ...(await harness.read(letters, 1))];
    expect(kept.map(({value}) => String(value))).toEqual(['no JSON_SR']);
    expect(harness.metrics.counter('millrace_skipped_records_total', {topic})).toBe(1);
  });

  test.each<[readonly string[], readonly string[], readonly unknown[]]>([
    [[], [], [['o1', 'M']]],
    [
      ['semantics: ksqldb'],
      [],
      [
        ['o1', 'S'],
        ['o2', 'S'],
        ['o1', 'M'],
      ],
    ],
    [
      [],
      ['insert.mode: append'],
      [
        ['o1', 'S'],
        ['o2', 'S'],
        ['o1', 'M'],
      ],
    ],
    [['semantics: ksqldb'], ['insert.mode: upsert'], [['o1', 'M']]],
  ])(
    'writes under %j and %j each row or the newest, less what was deleted',
    async (top, sink, rows) => {
      await produce(['o1', 'S'], ['o2', 'S'], ['o1', 'M'], ['o2', null]);

      await run({top, sink}, 5);

      expect(written()).toEqual(rows);
    },
  );

  test('sink check 19: keeps it where a dead letter topic is named, and stops all the same', async () => {
    await produce(['o1', 'S']);
    await produceUnreadable();
    const sink = ['errors.deadletterqueue.topic.name: bad'];

    for (let start = 0; start < 2; start++)
      await expect(run({sink}, 4)).rejects.toMatchObject({code: 'RECORD_UNREADABLE'});

    expect(written()).toEqual([['o1', 'S']]);
    expect((await harness.read('bad')).map(({value}) => String(value))).toEqual(['no JSON_SR']);
  });

  test('sink check 13: passes over tombstones under delete.enabled: false', async () => {
    await produce(['o1', 'S'], ['o1', null]);

    await run({sink: ['delete.enabled: false']}, 3);

    expect(written()).toEqual([['o1', 'S']]);
  });

  test('names tables by table.name.format', async () => {
    await produce(['o1', 'S']);

    await run({sink: ['table.name.format: raw_${topic}']}, 2);

    expect(warehouse.rows(`raw_${topic}`)).toMatchObject([{order_id: 'o1'}]);
  });

  test('sink check 2: creates no table under auto.create: false', async () => {
    await expect(run({sink: ['auto.create: false']}, 1)).rejects.toMatchObject({
      code: 'SINK_TABLE_MISMATCH',
    });
  });

  test.each([
    ['evolve', {order_id: 'o1', size: 'S'}],
    ['ignore', {order_id: 'o1'}],
  ])('treats columns that a table lacks as auto.evolve: %s says', async (mode, row) => {
    warehouse.tables.set(topic, {columns: new Map([['order_id', 'VARCHAR']]), rows: []});
    await produce(['o1', 'S']);

    await run({sink: [`auto.evolve: ${mode}`]}, 2);

    expect(warehouse.rows(topic)).toMatchObject([row]);
    expect(warehouse.tables.get(topic)?.columns.has('size')).toBe('size' in row);
  });

  test('stops under auto.evolve: fail where a table lacks columns', async () => {
    warehouse.tables.set(topic, {columns: new Map([['order_id', 'VARCHAR']]), rows: []});

    await expect(run({sink: ['auto.evolve: fail']}, 1)).rejects.toMatchObject({
      code: 'SINK_TABLE_MISMATCH',
    });
  });

  test('sink check 24: stops when max.retries attempts after the first have failed', async () => {
    await produce(['o1', 'S']);
    let attempts = 0;
    const fail = (): void => {
      attempts++;
      throw new RetriableError('SINK_UNREACHABLE', 'no answer');
    };

    const running = run({sink: ['max.retries: 2', 'retry.backoff.ms: 1']}, 2, {beforeWrite: fail});

    await expect(running).rejects.toMatchObject({
      name: 'FatalError',
      code: 'SINK_UNREACHABLE',
      message: 'sink b gives up, "max.retries" is 2: no answer',
    });
    expect(attempts).toBe(3);
  });

  test('counts failures anew after each success', async () => {
    await produce(['o1', 'S']);
    await produce(['o2', 'S']);
    let attempts = 0;
    const fail = (): void => {
      if (attempts++ % 2 === 0) throw new RetriableError('SINK_UNREACHABLE', 'no answer');
    };

    await run({sink: ['max.retries: 1', 'retry.backoff.ms: 1', 'batch.size: 1']}, 4, {
      beforeWrite: fail,
    });

    expect(written()).toEqual([
      ['o1', 'S'],
      ['o2', 'S'],
    ]);
  });

  test('cuts batches where batch.size says', async () => {
    await produce(...Array.from({length: 7}, (_, i) => [`o${i}`, 'S'] as const));

    const batches = await run({sink: ['batch.size: 3']}, 8);

    expect(Math.max(...batches.map((offsets) => offsets.length))).toBe(3);
    expect(batches.flat()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
