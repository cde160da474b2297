import {describe, expect, test} from 'vitest';
import {partitionFor} from '../../../src/kafka/partitioner.ts';
import type {Serializer} from '../../../src/serde/serde.ts';
import {RecordCollector} from '../../../src/streams/runtime/record-collector.ts';

const text: Serializer<unknown> = {serialize: (value) => Buffer.from(value as string)};
const json: Serializer<unknown> = {serialize: (value) => Buffer.from(JSON.stringify(value))};
const texts = {key: text, value: text};
const headers = [{key: 'h', value: Buffer.of(1)}];

function record(key: string | null, value: string | null) {
  return {key, value, timestamp: 7, headers};
}

describe('RecordCollector', () => {
  test('gathers a batch for each partition, in the order of writing, and then begins anew', () => {
    const collector = new RecordCollector();
    const output = collector.output('out', 3, texts);
    const keys = Array.from({length: 9}, (_, i) => `k${i}`);
    for (const key of keys) output.write(record(key, `v of ${key}`));

    const batches = collector.take();

    for (const {partition, topic, records} of batches) {
      expect(topic).toBe('out');
      expect(records).toEqual(
        keys
          .filter((key) => partitionFor(Buffer.from(key), 3) === partition)
          .map((key) => ({
            key: Buffer.from(key),
            value: Buffer.from(`v of ${key}`),
            timestamp: 7,
            headers,
          })),
      );
    }
    expect(batches.map(({partition}) => partition)).toEqual([0, 1, 2]);
    expect(collector.take()).toEqual([]);
  });

  test('keeps one output for each topic, with the serializers it was first asked for', () => {
    const collector = new RecordCollector();
    const first = collector.output('out', 1, texts);
    const second = collector.output('out', 1, {key: json, value: json});

    expect(second).toBe(first);
    expect(collector.output('other', 1, texts)).not.toBe(first);
  });

  test('counts the bytes that wait', () => {
    const collector = new RecordCollector();
    collector.output('a', 2, texts).write(record('key', 'value'));
    collector.output('b', 1, texts).write(record('key', null));
    expect(collector.bytes).toBe(3 + 5 + 3);

    collector.take();

    expect(collector.bytes).toBe(0);
  });
});

describe('Output', () => {
  test('writes tombstones, and null keys to the first partition', () => {
    const collector = new RecordCollector();
    collector.output('out', 3, texts).write(record(null, 'v'));
    collector.output('tombs', 1, texts).write(record('k', null));

    expect(collector.take()).toMatchObject([
      {topic: 'out', partition: 0, records: [{key: null, value: Buffer.from('v')}]},
      {topic: 'tombs', partition: 0, records: [{key: Buffer.from('k'), value: null}]},
    ]);
  });

  test('copies bytes as they are, to the partition that their key says', () => {
    const collector = new RecordCollector();
    const bytes = {key: Buffer.from('k1'), value: Buffer.of(0, 255), timestamp: 1, headers};

    collector.output('out', 5, texts).writeBytes(bytes);

    const partition = partitionFor(bytes.key, 5);
    expect(collector.take()).toEqual([{topic: 'out', partition, records: [bytes]}]);
  });

  test('writes to the partition that it is told', () => {
    const collector = new RecordCollector();
    const bytes = {key: Buffer.from('k1'), value: null, timestamp: 1, headers};

    collector.output('out', 5, texts).writeTo(4, bytes);

    expect(collector.take()).toEqual([{topic: 'out', partition: 4, records: [bytes]}]);
  });
});
