import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {RetriableError} from '../../src/common/errors.ts';
import {ManualClock} from '../support/manual-clock.ts';
import {MemorySink, MemoryWarehouse} from '../support/memory-sink.ts';
import {withProducerFaults} from '../support/producer-faults.ts';
import {until} from '../support/until.ts';
import {SinkHarness, orders} from './sink-harness.ts';

const returns = {...orders, name: 'returns'};

let harness: SinkHarness;
let warehouse: MemoryWarehouse;
beforeEach(async () => {
  harness = await SinkHarness.open();
  await harness.kafka.admin.ensureTopics([
    {name: returns.name, partitions: 1, cleanupPolicy: 'delete'},
  ]);
  warehouse = new MemoryWarehouse();
});
afterEach(() => harness.close());

const ids = (table: string): readonly unknown[] =>
  warehouse.rows(table).map(({order_id}) => order_id);

function rowsArrive(...tables: readonly string[]): Promise<void> {
  return until(
    'every table has a row',
    () => tables.every((table) => ids(table).length > 0),
    10_000,
  );
}

describe('SinkConnector', () => {
  test('writes each of several topics to a table of its own', async () => {
    await harness.produce([harness.record('o1')]);
    await harness.produce([harness.record('r1')], {topic: returns.name});

    harness.run(new MemorySink(warehouse), {options: {topics: [orders, returns]}});
    await rowsArrive('orders', 'returns');

    expect([ids('orders'), ids('returns')]).toEqual([['o1'], ['r1']]);
  });

  test('writes a topic that another sink writes, too', async () => {
    await harness.produce([harness.record('o1')]);

    for (const name of ['first', 'second'])
      harness.run(new MemorySink(warehouse), {
        options: {name, tableNameFormat: `${name}_\${topic}`},
      });
    await rowsArrive('first_orders', 'second_orders');

    expect([ids('first_orders'), ids('second_orders')]).toEqual([['o1'], ['o1']]);
  });

  test('sink check 18: stays where it is while the dead letter topic cannot be written, and goes on then', async () => {
    const clock = new ManualClock();
    let failures = 0;
    const kafka = withProducerFaults(harness.kafka, {
      beforeCommit: () => {
        if (failures++ < 2) throw new RetriableError('KAFKA_UNREACHABLE', 'no leader');
      },
    });
    const bad = {...harness.record('bad'), value: Buffer.from('no JSON_SR')};
    await harness.produce([harness.record('o1'), bad, harness.record('o2')]);
    const running = harness.run(new MemorySink(warehouse), {
      kafka,
      clock,
      options: {errorsTolerance: 'all', deadLetterTopic: 'dlq'},
    });

    for (const pause of [500, 1000]) {
      await until('it pauses', () => clock.sleeping === 1, 10_000);
      expect(running.conditions.list().map(({code}) => code)).toEqual(['KAFKA_UNREACHABLE']);
      expect(warehouse.watermarks.get('local/orders/0')?.nextOffset ?? 0).toBeLessThanOrEqual(1);
      clock.advance(pause);
      await until('it goes on', () => clock.sleeping === 0 || failures > 2, 10_000);
    }
    await until('all is there', () => ids('orders').length === 2, 10_000);

    expect((await harness.read('dlq')).map(({value}) => String(value))).toEqual(['no JSON_SR']);
    expect(running.conditions.list()).toEqual([]);
  });
});
