import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ProducerRecord} from '../../src/kafka/client.ts';
import {toJsonSchema} from '../../src/serde/json-schema.ts';
import {bigint, decimal, notNull, nullable, struct, varchar} from '../../src/serde/schema.ts';
import type {Fields, Schema} from '../../src/serde/schema.ts';
import type {SinkConnectorOptions} from '../../src/sinks/connector-options.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {until} from '../support/until.ts';
import {SinkHarness} from './sink-harness.ts';
import type {RunningSink} from './sink-harness.ts';

const topic = 'postgres.shop.customers';
const table = 'postgres_shop_customers';

let harness: SinkHarness;
let warehouse: MemoryWarehouse;
/** Offset behind everything that was produced. */
let end: number;
beforeEach(async () => {
  harness = await SinkHarness.open();
  await harness.kafka.admin.ensureTopics([{name: topic, partitions: 1, cleanupPolicy: 'delete'}]);
  warehouse = new MemoryWarehouse();
  end = 0;
});
afterEach(() => harness.close());

/** Bytes behind the header of a schema that is registered for the purpose. */
function registered(schema: Schema, json: string): Buffer {
  const text = toJsonSchema(schema);
  const known = [...harness.schemas].find(([, other]) => other === text);
  const id = known?.[0] ?? harness.schemas.size + 1;
  harness.schemas.set(id, text);
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return Buffer.concat([header, Buffer.from(json)]);
}

const keyOf = (id: string) => registered(struct({id: notNull(varchar())}), JSON.stringify({id}));

function record(id: string, value: Buffer | null): ProducerRecord {
  return {key: keyOf(id), value, timestamp: 1_000, headers: []};
}

/** A row as it is; `columns` are its schema's. */
function flat(id: string, row: string, columns: Fields): ProducerRecord {
  return record(id, registered(struct(columns, {name: `${topic}.Value`}), row));
}

/** Debezium's change event; `after` is JSON. */
function change(op: string, id: string, after: string, columns: Fields): ProducerRecord {
  const row = nullable(struct(columns, {name: `${topic}.Value`}));
  const envelope = struct(
    {before: row, after: row, source: struct({lsn: bigint()}), op: notNull(varchar())},
    {name: `${topic}.Envelope`},
  );
  const event = `{"before":null,"after":${after},"source":{"lsn":1},"op":"${op}","ts_ms":1}`;
  return record(id, registered(envelope, event));
}

async function produce(...records: readonly ProducerRecord[]): Promise<void> {
  await harness.produce(records, {topic});
  end += records.length + 1;
}

function run(options: Partial<SinkConnectorOptions> = {}): RunningSink {
  return harness.run(new MemorySink(warehouse), {
    options: {topics: [{name: topic}], insertMode: 'upsert', ...options},
  });
}

const watermark = (): number | undefined =>
  warehouse.watermarks.get(`local/${topic}/0`)?.nextOffset;

function caughtUp(): Promise<void> {
  return until('the sink has caught up', () => watermark() === end, 10_000);
}

const columns = {id: notNull(varchar()), name: varchar()};
const wider = {...columns, points: bigint()};

describe('a topic that is not declared', () => {
  test("has the columns of its records' schemas, and those that only the key has", async () => {
    await produce(flat('c1', '{"name":"Ada"}', {name: varchar()}));

    run();
    await caughtUp();

    expect(warehouse.rows(table)).toMatchObject([
      {name: 'Ada', id: 'c1', partition: 0, _offset: 0, _key: '{"id":"c1"}'},
    ]);
  });

  test("takes the row out of a change event's envelope", async () => {
    await produce(
      change('r', 'c1', '{"id":"c1","name":"Ada \\" } {"}', columns),
      change('c', 'c2', '{"id":"c2","name":null}', columns),
      change('u', 'c1', '{"id":"c1","name":"Grace"}', columns),
    );

    run();
    await caughtUp();

    expect(warehouse.rows(table)).toMatchObject([
      {id: 'c2', name: null},
      {id: 'c1', name: 'Grace'},
    ]);
    expect([...(warehouse.tables.get(table)?.columns.keys() ?? [])]).toEqual([
      'id',
      'name',
      'partition',
    ]);
  });

  test('hands values over byte by byte: int64 and decimals keep their digits', async () => {
    const values: string[] = [];
    const fields = {n: bigint(), d: decimal(38, 0)};
    await produce(flat('c1', '{"n":9007199254740993,"d":"SzuoWtRnI+2j9v///w=="}', fields));
    const sink = new MemorySink(warehouse, {
      beforeWrite: ({rows}) => {
        values.push(...rows.map(({value}) => String(value)));
      },
    });

    harness.run(sink, {options: {topics: [{name: topic}]}});
    await caughtUp();

    expect(values).toEqual(['{"n":9007199254740993,"d":"SzuoWtRnI+2j9v///w=="}']);
  });

  test('sink check 13: deletes the row of a tombstone', async () => {
    await produce(flat('c1', '{"id":"c1"}', columns), record('c1', null));

    run();
    await caughtUp();

    expect(warehouse.rows(table)).toEqual([]);
  });

  describe.each([
    ['a change event of a delete', () => change('d', 'c1', 'null', columns)],
    [
      "a row with __deleted: 'true'",
      () => flat('c1', '{"id":"c1","__deleted":"true"}', {...columns, __deleted: varchar()}),
    ],
  ])('with %s', (_, deletion) => {
    beforeEach(() => produce(change('c', 'c1', '{"id":"c1","name":"Ada"}', columns), deletion()));

    test('sink check 14: removes the row in upsert mode', async () => {
      run();
      await caughtUp();

      expect(warehouse.rows(table)).toEqual([]);
    });

    test('sink check 14: removes nothing under delete.enabled: false', async () => {
      run({deleteEnabled: false});
      await caughtUp();

      expect(warehouse.rows(table)).toMatchObject([{id: 'c1'}]);
    });

    test('sink check 14: removes nothing in append mode', async () => {
      run({insertMode: 'append'});
      await caughtUp();

      expect(warehouse.rows(table)[0]).toMatchObject({id: 'c1', name: 'Ada'});
    });
  });

  test('counts events that are about no row, and goes on', async () => {
    await produce(
      change('c', 'c1', '{"id":"c1"}', columns),
      change('t', 'c1', 'null', columns),
      change('c', 'c2', '{"id":"c2"}', columns),
    );

    run();
    await caughtUp();

    expect(warehouse.rows(table).length).toBe(2);
    const labels = {sink: 'local', topic};
    expect(harness.metrics.counter('millrace_sink_skipped_tombstones_total', labels)).toBe(1);
  });

  test('sink check 15: a new column is added in mid-stream, and that very record has its value', async () => {
    await produce(change('c', 'c1', '{"id":"c1","name":"Ada"}', columns));
    run({insertMode: 'append'});
    await caughtUp();

    await produce(
      change('c', 'c2', '{"id":"c2","name":"Bo"}', columns),
      change('c', 'c3', '{"id":"c3","name":"Cy","points":3}', wider),
      change('c', 'c4', '{"id":"c4","name":"Di"}', columns),
    );
    await caughtUp();

    expect(warehouse.rows(table).map(({id, points}) => [id, points])).toEqual([
      ['c1', null],
      ['c2', null],
      ['c3', 3],
      ['c4', null],
    ]);
  });

  test('sink check 16: two partitions meet the new column at once', async () => {
    await harness.close();
    harness = await SinkHarness.open();
    await harness.kafka.admin.ensureTopics([{name: topic, partitions: 2, cleanupPolicy: 'delete'}]);
    for (const partition of [0, 1])
      await harness.produce(
        [
          change('c', `a${partition}`, '{"id":"a"}', columns),
          change('c', `b${partition}`, '{"id":"b","points":3}', wider),
        ],
        {topic, partition},
      );

    run();
    await until('all is there', () => warehouse.rows(table).length === 4, 10_000);

    expect(warehouse.rows(table).map(({points}) => points)).toEqual([null, null, 3, 3]);
  });

  test('sink check 17: of a column that changes its type only the records go that do not fit', async () => {
    await produce(flat('c1', '{"id":"c1","points":1}', wider));
    run({errorsTolerance: 'all', deadLetterTopic: 'dlq'});
    await caughtUp();

    const changed = {...columns, points: varchar()};
    await produce(
      flat('c2', '{"id":"c2","points":"many"}', changed),
      flat('c3', '{"id":"c3","points":3}', wider),
    );
    await caughtUp();

    expect(warehouse.rows(table).map(({id}) => id)).toEqual(['c1', 'c3']);
    expect((await harness.read('dlq')).map(({key}) => String(key?.subarray(5)))).toEqual([
      '{"id":"c2"}',
    ]);
  });

  test('goes on from the watermark after a restart', async () => {
    await produce(flat('c1', '{"id":"c1"}', columns));
    const first = run({insertMode: 'append'});
    await caughtUp();
    await first.stop();

    await produce(flat('c2', '{"id":"c2","points":2}', wider));
    run({insertMode: 'append'});
    await caughtUp();

    expect(warehouse.rows(table).map(({id}) => id)).toEqual(['c1', 'c2']);
  });

  test.each([
    ['plain JSON', () => Buffer.from('{"id":"c2"}')],
    ['an unknown schema', () => Buffer.concat([Buffer.from([0, 0, 0, 1, 0]), Buffer.from('{}')])],
    ['a schema without columns', () => registered(varchar(), '"c2"')],
    ['no object', () => registered(struct({...columns, __deleted: varchar()}), '[1]')],
  ])('takes %s for unreadable', async (_, value) => {
    await produce(flat('c1', '{"id":"c1"}', columns), record('c2', value()));

    run({errorsTolerance: 'all', deadLetterTopic: 'dlq'});
    await caughtUp();

    expect(warehouse.rows(table).map(({id}) => id)).toEqual(['c1']);
    expect((await harness.read('dlq')).length).toBe(1);
  });

  test('stops without having opened anything when it is stopped before the first record', async () => {
    const running = run();
    await until('it runs', () => running.connector.status().state === 'running', 10_000);

    await running.stop();

    expect(warehouse.tables.size).toBe(0);
  });
});
