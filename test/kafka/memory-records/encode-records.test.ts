import {assert, property, uniqueArray, nat} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {RECORDS_AT} from '../../../src/kafka/memory-records/memory-records.ts';
import {encodeRecords} from '../../../src/kafka/memory-records/encode-records.ts';
import {decodeRecords, hasNullKey} from '../../../src/kafka/memory-records/decode-records.ts';
import {SpelledHeader} from '../../support/spelled-header.ts';
import {producerRecords} from '../kafkajs/record-batch/arbitrary-records.ts';
import {textOf} from '../kafkajs/record-batch/text-of.ts';

describe('encodeRecords', () => {
  test('puts a deferred value where one that is there already would stand', () => {
    const record = {key: Buffer.from('k'), value: null, timestamp: 5};
    const texts = ['short', 'long enough to be copied by another way: '.repeat(4)];
    const made = texts.map((text) => ({key: 'h', value: Buffer.from(text)}));
    const deferred = texts.map((text) => new SpelledHeader('h', text));

    const [first, second] = [made, deferred].map((headers) =>
      encodeRecords([{...record, headers}]),
    );

    expect(second?.buffer.subarray(RECORDS_AT)).toEqual(first?.buffer.subarray(RECORDS_AT));
  });

  test('gives records that decodeRecords reads again, at their offsets', () => {
    const gaps = uniqueArray(nat(100_000), {minLength: 1_000, maxLength: 1_000});
    assert(
      property(producerRecords, gaps, nat(2 ** 40), (records, offsets, base) => {
        const deltas = offsets.slice(0, records.length).toSorted((a, b) => a - b);

        const body = {...encodeRecords(records, deltas), start: RECORDS_AT};

        expect(decodeRecords(body, base).map(textOf)).toEqual(
          records.map((record, i) => textOf({...record, offset: base + (deltas[i] as number)})),
        );
        expect(hasNullKey(body)).toBe(records.some(({key}) => key === null));
      }),
      {numRuns: 50},
    );
  });
});
