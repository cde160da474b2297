import {assert, asyncProperty, boolean, constantFrom, integer, property, record} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {at} from '../../../../src/kafka/kafkajs/record-batch/batch-layout.ts';
import {compressionTypes} from '../../../../src/kafka/kafkajs/record-batch/compression.ts';
import {encodeRecordBatch} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {recordBatches} from '../../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import {SpelledHeader} from '../../../support/spelled-header.ts';
import {producerRecords} from './arbitrary-records.ts';
import {readAll} from './batch-bytes.ts';
import {javaCase, recordsOf} from './java-record-batches.ts';
import type {JavaBatch} from './java-record-batches.ts';
import {textOf} from './text-of.ts';
import {inOrderOfNames, kafkajsDecode, kafkajsEncode} from './kafkajs-record-batch.ts';

const producers = record({
  producerId: constantFrom(-1, 0, 4000, 2 ** 31, 2 ** 53 - 1),
  producerEpoch: integer({min: -1, max: 32_767}),
  baseSequence: constantFrom(-1, 0, 70, 2 ** 31 - 1),
  isTransactional: boolean(),
});

const none = {
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
  compression: 'none',
} as const;

describe('encodeRecordBatch', () => {
  test('puts a deferred value where one that is there already would stand', () => {
    const text = 'of more than sixty-three bytes, so that its length takes two of them';
    const made = [{key: 'h', value: Buffer.from(text)}];
    const sent = {key: null, value: Buffer.from('v'), timestamp: 1};

    const [expected, bytes] = [made, [new SpelledHeader('h', text)]].map((headers) =>
      encodeRecordBatch([{...sent, headers}], none),
    );

    expect(bytes).toEqual(expected);
  });

  test('writes what the specification says, byte by byte', () => {
    const records = [
      {key: Buffer.from('k'), value: Buffer.from('vw'), timestamp: 1_000, headers: []},
      {
        key: null,
        value: null,
        timestamp: 900,
        headers: [{key: 'h', value: Buffer.from('x')}],
      },
    ];

    const bytes = encodeRecordBatch(records, {
      producerId: 258,
      producerEpoch: 3,
      baseSequence: 9,
      isTransactional: true,
      compression: 'none',
    });

    const fields = [
      '0000000000000000', // base offset
      '00000047', // length of what follows: 71
      'ffffffff', // leader's epoch
      '02', // magic
      bytes.toString('hex', at.crc, at.attributes),
      '0010', // transactional
      '00000001', // last offset delta
      '00000000000003e8', // first timestamp
      '00000000000003e8', // maximum timestamp
      '0000000000000102', // producer id
      '0003', // epoch
      '00000009', // sequence
      '00000002', // count
      '12 00 00 00 02 6b 04 7677 00', // 9 bytes: attributes, +0 ms, +0, 1 byte, 2 bytes, no header
      '16 00 c701 02 01 01 02 02 68 02 78', // 11 bytes: attributes, -100 ms, +1, null, null, 1 header
    ];
    expect(bytes.toString('hex')).toBe(fields.join('').replaceAll(' ', ''));
  });

  test.each(['90 kB of rows, none', 'timestamps from -1 to 2^52'])(
    'writes the bytes that Java writes: %s',
    (name) => {
      const {bytes, batches} = javaCase(name);

      const written = encodeRecordBatch(recordsOf(batches[0] as JavaBatch), none);

      expect(written.equals(bytes)).toBe(true);
    },
  );

  test('writes the bytes that kafkajs writes', async () => {
    await assert(
      asyncProperty(producerRecords, producers, async (records, producer) => {
        const options = {...producer, compression: 'none'} as const;
        const ordered = records.map((each) => ({...each, headers: inOrderOfNames(each.headers)}));

        const written = encodeRecordBatch(ordered, options);

        expect(written.equals(await kafkajsEncode(ordered, options))).toBe(true);
      }),
    );
  });

  test.each(['none', 'gzip'] as const)(
    'writes what kafkajs reads, and the other way round: %s',
    async (compression) => {
      await assert(
        asyncProperty(producerRecords, producers, async (records, producer) => {
          const options = {...producer, compression};
          const expected = records.map((each, offset) => ({
            ...each,
            headers: inOrderOfNames(each.headers),
            offset,
          }));

          const byKafkajs = await kafkajsDecode(encodeRecordBatch(records, options));
          const byUs = readAll(await kafkajsEncode(records, options));
          expect(byKafkajs.map(textOf)).toEqual(expected.map(textOf));
          expect(byUs.map(textOf)).toEqual(expected.map(textOf));
        }),
      );
    },
  );

  test.each(compressionTypes)('writes what is read again: %s', (compression) => {
    assert(
      property(producerRecords, producers, (records, producer) => {
        const bytes = encodeRecordBatch(records, {...producer, compression});

        const [batch, ...others] = recordBatches(bytes);

        expect(others).toEqual([]);
        const {producerId, producerEpoch, isTransactional} = producer;
        expect(batch).toMatchObject({producerId, producerEpoch, isTransactional, compression});
        const expected = records.map((each, offset) => ({...each, offset}));
        expect(readAll(bytes).map(textOf)).toEqual(expected.map(textOf));
      }),
    );
  });
});
