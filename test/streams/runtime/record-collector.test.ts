import {describe, expect, test} from 'vitest';
import {RECORDS_AT} from '../../../src/kafka/memory-records/memory-records.ts';
import {partitionFor} from '../../../src/kafka/partitioner.ts';
import type {Serializer} from '../../../src/serde/serde.ts';
import {RecordCollector} from '../../../src/streams/runtime/record-collector.ts';
import {recordsOf} from '../../support/memory-records.ts';

const text: Serializer<unknown> = {serialize: (value) => Buffer.from(value as string)};
const json: Serializer<unknown> = {serialize: (value) => Buffer.from(JSON.stringify(value))};
const texts = {key: text, value: text};
const headers = [{key: 'h', value: Buffer.of(1)}];

function record(key: string | null, value: string | null) {
  return {key, value, timestamp: 7, headers};
}

/** What it takes, record by record. */
function taken(collector: RecordCollector) {
  return collector.take().map((batch) => ({...batch, records: recordsOf(batch.records)}));
}

describe('RecordCollector', () => {
  test('gathers a batch for each partition, in the order of writing, and then begins anew', () => {
    const collector = new RecordCollector();
    const output = collector.output('out', 3, texts);
    const keys = Array.from({length: 9}, (_, i) => `k${i}`);
    for (const key of keys) output.write(record(key, `v of ${key}`));

    const batches = taken(collector);

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
    const {bytes} = collector;

    const batches = collector.take();

    const bodies = batches.flatMap(({records}) => records.bodies);
    expect(bodies).toHaveLength(2);
    expect(bytes).toBe(bodies.reduce((sum, {buffer}) => sum + buffer.length - RECORDS_AT, 0));
    expect(collector.bytes).toBe(0);
  });
});

describe('Output', () => {
  test('writes tombstones, and null keys to the first partition', () => {
    const collector = new RecordCollector();
    collector.output('out', 3, texts).write(record(null, 'v'));
    collector.output('tombs', 1, texts).write(record('k', null));

    expect(taken(collector)).toMatchObject([
      {topic: 'out', partition: 0, records: [{key: null, value: Buffer.from('v')}]},
      {topic: 'tombs', partition: 0, records: [{key: Buffer.from('k'), value: null}]},
    ]);
  });

  test('copies bytes as they are, to the partition that their key says', () => {
    const collector = new RecordCollector();
    const bytes = {key: Buffer.from('k1'), value: Buffer.of(0, 255), timestamp: 1, headers};

    collector.output('out', 5, texts).writeBytes(bytes);

    const partition = partitionFor(bytes.key, 5);
    expect(taken(collector)).toEqual([{topic: 'out', partition, records: [bytes]}]);
  });

  test('writes to the partition that it is told', () => {
    const collector = new RecordCollector();
    const bytes = {key: Buffer.from('k1'), value: null, timestamp: 1, headers};

    collector.output('out', 5, texts).writeTo(4, bytes);

    expect(taken(collector)).toEqual([{topic: 'out', partition: 4, records: [bytes]}]);
  });
});
