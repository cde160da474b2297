import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ConsumedRecord, KafkaClient} from '../../src/kafka/client.ts';
import {DeadLetterQueue} from '../../src/sinks/dead-letter-queue.ts';
import type {DeadLetter} from '../../src/sinks/dead-letter-queue.ts';
import {withProducerFaults} from '../support/producer-faults.ts';
import {SinkHarness} from './sink-harness.ts';

function letter(offset: number, rest: Partial<ConsumedRecord> = {}): DeadLetter {
  const record = {
    offset,
    key: Buffer.from(`k${offset}`),
    value: Buffer.from(`v${offset}`),
    timestamp: 5,
    headers: [{key: 'trace', value: Buffer.from('t1')}],
    ...rest,
  };
  return {record, stage: 'TASK_PUT', error: new RangeError('too wide')};
}

describe('DeadLetterQueue', () => {
  let harness: SinkHarness;

  beforeEach(async () => {
    harness = await SinkHarness.open(2);
    await harness.kafka.admin.ensureTopics([{name: 'dlq', partitions: 2, cleanupPolicy: 'delete'}]);
  });
  afterEach(() => harness.close());

  function queue(kafka: KafkaClient = harness.kafka, partition = 0): DeadLetterQueue {
    const from = {
      connectorName: 'local',
      taskId: `orders-${partition}`,
      topicPartition: {topic: 'orders', partition},
    };
    return new DeadLetterQueue({kafka, topic: 'dlq', groupId: 'test-sink-local', from});
  }

  async function letters(): Promise<readonly ConsumedRecord[]> {
    return [...(await harness.read('dlq', 0)), ...(await harness.read('dlq', 1))];
  }

  /** Values of the letters, sorted. */
  async function written(): Promise<readonly string[]> {
    return (await letters()).map(({value}) => String(value)).toSorted();
  }

  test("keeps a record's bytes and headers, and adds Connect's headers", async () => {
    await queue().write('rejected', [letter(7)]);

    const [record] = await letters();
    expect(record).toMatchObject({key: Buffer.from('k7'), value: Buffer.from('v7'), timestamp: 5});
    expect(record?.headers.map(({key, value}) => [key, String(value)])).toEqual([
      ['trace', 't1'],
      ['__connect.errors.topic', 'orders'],
      ['__connect.errors.partition', '0'],
      ['__connect.errors.offset', '7'],
      ['__connect.errors.connector.name', 'local'],
      ['__connect.errors.task.id', 'orders-0'],
      ['__connect.errors.stage', 'TASK_PUT'],
      ['__connect.errors.exception.class.name', 'RangeError'],
      ['__connect.errors.exception.message', 'too wide'],
    ]);
  });

  test('writes a key to the partition that it belongs to, and no key and no value as they are', async () => {
    await queue().write('rejected', [
      ...Array.from({length: 8}, (_, offset) => letter(offset)),
      letter(8, {key: null, value: null}),
    ]);

    const first = await harness.read('dlq', 0);
    const second = await harness.read('dlq', 1);
    expect(first.length + second.length).toBe(9);
    expect(second.length).toBeGreaterThan(0);
    expect(first.at(-1)).toMatchObject({key: null, value: null});
  });

  test('does not write a letter again, neither now nor after a restart', async () => {
    const first = queue();
    await first.write('rejected', [letter(1), letter(3)]);

    await first.write('rejected', [letter(3), letter(4)]);
    await queue().write('rejected', [letter(3), letter(4), letter(6)]);

    expect(await written()).toEqual(['v1', 'v3', 'v4', 'v6']);
  });

  test('tells kinds apart: what was rejected may lie before what was unreadable', async () => {
    await queue().write('unreadable', [letter(9)]);

    await queue().write('rejected', [letter(5)]);
    await queue().write('unreadable', [letter(9)]);

    expect(await written()).toEqual(['v5', 'v9']);
  });

  test('tells partitions apart', async () => {
    await queue(harness.kafka, 0).write('rejected', [letter(5)]);

    await queue(harness.kafka, 1).write('rejected', [letter(4)]);

    expect(await written()).toEqual(['v4', 'v5']);
  });

  test('writes once what was committed though the answer was lost', async () => {
    const kafka = withProducerFaults(harness.kafka, {
      afterCommit: () => {
        throw new Error('lost');
      },
    });
    await expect(queue(kafka).write('rejected', [letter(1)])).rejects.toThrow('lost');

    await queue().write('rejected', [letter(1), letter(2)]);

    expect(await written()).toEqual(['v1', 'v2']);
  });

  test('writes anew what died before its commit', async () => {
    const kafka = withProducerFaults(harness.kafka, {
      beforeCommit: () => {
        throw new Error('gone');
      },
    });
    await expect(queue(kafka).write('rejected', [letter(1)])).rejects.toThrow('gone');

    await queue().write('rejected', [letter(1)]);

    expect(await written()).toEqual(['v1']);
  });

  test('fences the writer before it', async () => {
    const old = queue();
    await old.write('rejected', [letter(1)]);
    await queue().write('rejected', [letter(2)]);

    await expect(old.write('rejected', [letter(3)])).rejects.toMatchObject({
      code: 'KAFKA_PRODUCER_FENCED',
    });
    expect(await written()).toEqual(['v1', 'v2']);
  });
});
