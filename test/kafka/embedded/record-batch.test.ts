import {describe, expect, test} from 'vitest';
import {
  batchOverhead,
  decodeBatch,
  encodeBatch,
  encodedBound,
} from '../../../src/kafka/embedded/record-batch.ts';
import {SpelledHeader} from '../../support/spelled-header.ts';

describe('encodeBatch', () => {
  test('puts a deferred value where one that is there already would stand', () => {
    const record = {key: Buffer.from('k'), value: null, timestamp: 5, offset: 3};
    const texts = ['short', 'long enough to be copied by another way: '.repeat(4)];
    const made = texts.map((text) => ({key: 'h', value: Buffer.from(text)}));
    const deferred = texts.map((text) => new SpelledHeader('h', text));
    const records = [made, deferred].map((headers) => ({...record, headers}));

    const batches = records.map((each) => {
      const bytes = Buffer.alloc(batchOverhead + encodedBound(each));
      return bytes.subarray(0, encodeBatch(bytes, 0, [each], 3));
    });

    expect(batches[1]).toEqual(batches[0]);
    expect(decodeBatch(batches[1] as Buffer, 3)).toEqual([{...record, headers: made}]);
  });
});
