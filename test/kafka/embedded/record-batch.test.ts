import {describe, expect, test} from 'vitest';
import {
  MAX_BATCH_BYTES,
  batchSize,
  bodiesOf,
  putBatch,
  readBatch,
} from '../../../src/kafka/embedded/record-batch.ts';
import {decodeRecords} from '../../../src/kafka/memory-records/decode-records.ts';
import {record} from './crashable-log.ts';

describe('a batch in the journal', () => {
  test('has the records as they were encoded, and is as long as its size says', () => {
    const [body] = bodiesOf([record('a', 'one'), record('b', 'two')]);
    const bytes = Buffer.alloc(10 + batchSize(body!));

    const end = putBatch(bytes, 10, body!);

    expect(end).toBe(bytes.length);
    const found = readBatch(bytes.subarray(10));
    expect(decodeRecords(found!, 7).map(({key, offset}) => [String(key), offset])).toEqual([
      ['a', 7],
      ['b', 8],
    ]);
  });

  test('of another format is not read', () => {
    const [body] = bodiesOf([record('a', 'one')]);
    const bytes = Buffer.alloc(batchSize(body!));
    putBatch(bytes, 0, body!);
    // Where format 1 had the position of its header names.
    bytes.writeUInt32LE(40, 4);

    expect(readBatch(bytes)).toBeUndefined();
  });

  test('has the usual size where there is much, and a long record to itself', () => {
    const long = record('long', 'x'.repeat(MAX_BATCH_BYTES));
    const short = Array.from({length: 10}, (_, i) => record(`${i}`, 'x'.repeat(50_000)));

    const bodies = bodiesOf([...short, long, ...short]);

    expect(bodies.map(({count}) => count)).toEqual([5, 5, 1, 5, 5]);
  });
});
