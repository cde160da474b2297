import {describe, expect, test} from 'vitest';
import {FatalError} from '../../../src/common/errors.ts';
import type {ConsumedRecord} from '../../../src/kafka/client.ts';
import {UnreadableRecordError} from '../../../src/serde/serde.ts';
import type {Deserializer, Serializer} from '../../../src/serde/serde.ts';
import {RecordCollector} from '../../../src/streams/runtime/record-collector.ts';
import {recordsOf} from '../../support/memory-records.ts';
import {RecordReader} from '../../../src/streams/runtime/record-reader.ts';
import type {ErrorsTolerance} from '../../../src/streams/runtime/record-reader.ts';

const bytesOnly: Serializer<unknown> = {serialize: (value) => value as Buffer};

/** Reads everything but `bad`. */
const text: Deserializer<unknown> = {
  deserialize: (bytes) => {
    if (bytes.toString() === 'bad') throw new UnreadableRecordError('no such schema: 7');
    if (bytes.toString() === 'bug') throw new TypeError('not a record');
    return bytes.toString();
  },
};

const trace = {key: 'trace', value: Buffer.from('t1')};

function reader(tolerance: ErrorsTolerance, collector?: RecordCollector): RecordReader {
  return new RecordReader({
    applicationId: 'app',
    taskId: '1_2',
    topicPartition: {topic: 'orders', partition: 2},
    deserializers: {key: text, value: text},
    tolerance,
    deadLetters: collector?.output('dead-letters', 1, {key: bytesOnly, value: bytesOnly}),
  });
}

function record(key: string | null, value: string | null): ConsumedRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: 5,
    headers: [trace],
    offset: 41,
  };
}

describe('RecordReader', () => {
  test('makes typed records, and leaves null keys and tombstones null', () => {
    const strict = reader('none');

    expect(strict.read(record('k', 'v'), 5)).toEqual({
      key: 'k',
      value: 'v',
      timestamp: 5,
      headers: [trace],
    });
    expect(strict.read(record(null, 'v'), 5)).toMatchObject({key: null, value: 'v'});
    expect(strict.read(record('k', null), 5)).toMatchObject({key: 'k', value: null});
  });

  test.each([
    ['key', record('bad', 'v')],
    ['value', record('k', 'bad')],
  ])('stops at an unreadable %s, naming the record and the reason', (side, unreadable) => {
    const strict = reader('none', new RecordCollector());

    expect(() => strict.read(unreadable, 5)).toThrow(FatalError);
    expect(() => strict.read(unreadable, 5)).toThrow(
      `The ${side} of record orders-2@41 cannot be read: no such schema: 7.`,
    );
    expect(() => strict.read(unreadable, 5)).toThrow(
      expect.objectContaining({code: 'RECORD_UNREADABLE'}),
    );
  });

  test.each([
    ['key', record('bad', 'v')],
    ['value', record('k', 'bad')],
  ])(
    "skips an unreadable %s where that is tolerated, counts it, and keeps it with Connect's headers",
    (side, unreadable) => {
      const collector = new RecordCollector();
      const tolerant = reader('all', collector);

      expect(tolerant.read(unreadable, 5)).toBeUndefined();

      expect(tolerant.skipped).toBe(1);
      expect(tolerant.keepsSkipped).toBe(true);
      const [batch, ...others] = collector.take();
      expect(others).toEqual([]);
      const letters = batch === undefined ? [] : recordsOf(batch.records);
      expect(letters).toHaveLength(1);
      const [letter] = letters;
      expect(letter).toMatchObject({key: unreadable.key, value: unreadable.value, timestamp: 5});
      expect(letter?.headers.map(({key, value}) => [key, value.toString()])).toEqual([
        ['trace', 't1'],
        ['__connect.errors.topic', 'orders'],
        ['__connect.errors.partition', '2'],
        ['__connect.errors.offset', '41'],
        ['__connect.errors.connector.name', 'app'],
        ['__connect.errors.task.id', '1_2'],
        ['__connect.errors.stage', `${side.toUpperCase()}_CONVERTER`],
        ['__connect.errors.exception.class.name', 'UnreadableRecordError'],
        ['__connect.errors.exception.message', 'no such schema: 7'],
      ]);
    },
  );

  test('counts what it skips without a dead letter topic, too', () => {
    const tolerant = reader('all');

    expect(tolerant.read(record('k', 'bad'), 5)).toBeUndefined();

    expect(tolerant.skipped).toBe(1);
    expect(tolerant.keepsSkipped).toBe(false);
  });

  test('tolerates nothing but unreadable records', () => {
    const tolerant = reader('all', new RecordCollector());

    expect(() => tolerant.read(record('k', 'bug'), 5)).toThrow(TypeError);
    expect(() => tolerant.read(record('bug', 'v'), 5)).toThrow(TypeError);
  });
});
