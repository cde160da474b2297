import {describe, expect, test} from 'vitest';
import type {ConsumedRecord} from '../../../../src/kafka/client.ts';
import {at, attribute} from '../../../../src/kafka/kafkajs/record-batch/batch-layout.ts';
import {compressionTypes} from '../../../../src/kafka/kafkajs/record-batch/compression.ts';
import {encodeRecordBatch} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {RecordBatchError} from '../../../../src/kafka/kafkajs/record-batch/record-batch-error.ts';
import {recordBatches} from '../../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import type {RecordBatch} from '../../../../src/kafka/kafkajs/record-batch/record-batch.ts';
import {patched, readAll, smallBatch, withRecords} from './batch-bytes.ts';
import {javaCase, javaCases, recordsOf} from './java-record-batches.ts';
import type {JavaBatch} from './java-record-batches.ts';
import {textOf} from './text-of.ts';

const shapes = javaCase('records of every shape, none').bytes;
const transactions = javaCase('an aborted transaction, its marker, a committed one, its marker');
const compacted = javaCase(
  'compacted: gaps, an emptied batch, and one that ends before its last offset',
);

/** What goes wrong when all of it is read; undefined if nothing does. */
function failureOf(bytes: Buffer): RecordBatchError | undefined {
  try {
    readAll(bytes);
  } catch (error) {
    if (error instanceof RecordBatchError) return error;
    throw error;
  }
  return undefined;
}

/** What comes of reading all of it: the problem, or how many records there are. */
function outcomeOf(bytes: Buffer): string {
  return failureOf(bytes)?.problem ?? `${readAll(bytes).length} records`;
}

function headOf({
  baseOffset,
  lastOffset,
  isControl,
  isTransactional,
  producerId,
  producerEpoch,
  compression,
  timestampType,
}: RecordBatch | JavaBatch): object {
  return {
    baseOffset,
    lastOffset,
    isControl,
    isTransactional,
    producerId,
    producerEpoch,
    compression,
    timestampType,
  };
}

describe('recordBatches', () => {
  const current = javaCases.filter(({batches}) => batches[0]?.magic === 2);

  test.each(current)('reads as Java does: $name', ({bytes, batches}) => {
    const read = [...recordBatches(bytes)];

    expect(read.map(headOf)).toEqual(batches.map(headOf));
    for (const [i, batch] of read.entries()) {
      const expected = recordsOf(batches[i] as JavaBatch);
      expect(batch.count).toBe(expected.length);
      const records: ConsumedRecord[] = [];
      batch.appendTo(records, 0);
      expect(records.map(textOf)).toEqual(batch.isControl ? [] : expected.map(textOf));
    }
  });

  test('has seen every compression type', () => {
    const seen = new Set(current.flatMap(({batches}) => batches.map((each) => each.compression)));

    expect([...seen].toSorted()).toEqual([...compressionTypes].toSorted());
  });

  test.each([0, 1])('names message format %i', (magic) => {
    const {bytes} = javaCase(`message format ${magic}`);

    expect(failureOf(bytes)).toMatchObject({problem: 'format', baseOffset: 11});
    // Short of a whole one its format shows already: asking for more would not help.
    expect(failureOf(bytes.subarray(0, 17))).toMatchObject({problem: 'format'});
  });

  test('leaves out what a broker has cut off, wherever it was', () => {
    const batches = [smallBatch(5, 'a'), smallBatch(6, 'bcd'), smallBatch(7, 'e')];
    const bytes = Buffer.concat(batches);
    const ends = batches.map((_, i) => Buffer.concat(batches.slice(0, i + 1)).length);

    for (let length = 0; length <= bytes.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      const read = readAll(bytes.subarray(0, length));
      expect(read.map(({offset}) => offset)).toEqual([5, 6, 7].slice(0, whole));
    }
  });

  test('yields nothing of an answer that is too small for its first batch', () => {
    for (let length = 0; length < shapes.length; length++) {
      expect([...recordBatches(shapes.subarray(0, length))]).toEqual([]);
    }
  });

  test('hands out what stands before a damaged batch', () => {
    const damaged = smallBatch(6, 'b');
    damaged[damaged.length - 1] = 99;
    const batches = recordBatches(Buffer.concat([smallBatch(5, 'a'), damaged]));

    expect(batches.next().value).toMatchObject({baseOffset: 5});
    expect(() => batches.next()).toThrow(
      expect.objectContaining({problem: 'corrupt', baseOffset: 6}),
    );
  });

  test.each(compressionTypes)('reads no bit of a damaged batch of %s', (compression) => {
    const {bytes} = javaCase(`records of every shape, ${compression}`);

    const outcomes = {
      length: new Set<string>(),
      magic: new Set<string>(),
      checked: new Set<string>(),
    };
    for (let i: number = at.length; i < bytes.length; i++) {
      // The checksum leaves out the leader's epoch too, which nobody reads.
      if (i >= at.leaderEpoch && i < at.magic) continue;
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(bytes);
        damaged[i] = (damaged[i] as number) ^ (1 << bit);
        outcomes[i >= at.crc ? 'checked' : i === at.magic ? 'magic' : 'length'].add(
          outcomeOf(damaged),
        );
      }
    }

    // A length that is too large looks like a batch that was cut off.
    expect(outcomes).toEqual({
      length: new Set(['0 records', 'corrupt']),
      magic: new Set(['format']),
      checked: new Set(['corrupt']),
    });
  });

  test.each(compressionTypes)(
    'never reads another number of records from %s bytes that are damaged behind a fitting checksum',
    (compression) => {
      const {bytes} = javaCase(`records of every shape, ${compression}`);
      const outcomes = new Set<string>();

      for (let i = at.records; i < bytes.length; i++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          outcomes.add(outcomeOf(patched(bytes, i, (bytes[i] as number) ^ mask)));
        }
      }

      expect(outcomes.has('corrupt')).toBe(true);
      expect([...outcomes].filter((each) => each.endsWith('records'))).toEqual(['8 records']);
    },
  );

  test('does not take batches whose offsets go back', () => {
    const empty = javaCase('an empty batch of a transactional producer').bytes;
    const backwards = patched(empty, at.lastOffsetDelta, 0xff, 0xff, 0xff, 0xff);

    // The one before it covers the offsets 20 to 29, though it ends with 28.
    expect(failureOf(Buffer.concat([compacted.bytes, smallBatch(29, 'a')]))).toMatchObject({
      problem: 'corrupt',
      baseOffset: 29,
    });
    expect(failureOf(Buffer.concat([compacted.bytes, smallBatch(30, 'a')]))).toBeUndefined();
    expect(failureOf(backwards)).toMatchObject({problem: 'corrupt', baseOffset: 200});
  });

  test('reads offsets up to 2^53 - 1 and none beyond', () => {
    const most = smallBatch(Number.MAX_SAFE_INTEGER, 'a');
    const more = Buffer.from(most);
    more.writeBigInt64BE(2n ** 53n, at.baseOffset);

    expect(readAll(most)).toMatchObject([{offset: Number.MAX_SAFE_INTEGER}]);
    expect(failureOf(more)).toMatchObject({problem: 'corrupt'});
    expect(failureOf(patched(most, at.lastOffsetDelta, 0, 0, 0, 1))).toMatchObject({
      problem: 'corrupt',
    });
  });

  test('names a compression type that it does not know', () => {
    expect(failureOf(patched(shapes, at.attributes + 1, 5))).toMatchObject({
      problem: 'compression',
      message: 'its compression type is number 5',
    });
  });

  test('refuses what would not fit into memory, before it takes any', () => {
    // A length of 4 GB; a hundred blocks of up to 4 MB; 2,100 blocks of one repeated byte, each of 128 kB.
    const snappy = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    const block = Buffer.alloc(4 + 20_000);
    block.writeUInt32LE(20_000);
    const lz4 = Buffer.concat([
      Buffer.from('04224d18607073', 'hex'),
      ...Array.from({length: 100}, () => block),
    ]);
    const rle = Buffer.from([0x02, 0x00, 0x10, 0x41]);
    const zstd = Buffer.concat([
      Buffer.from('28b52ffd0058', 'hex'),
      ...Array.from({length: 2100}, () => rle),
    ]);

    // Behind the frame's own size, which says 0; and in a second frame, behind the first one's checksum.
    const sizedLz4 = Buffer.concat([
      Buffer.from('04224d1868700000000000000000', 'hex'),
      lz4.subarray(6),
    ]);
    const secondZstd = Buffer.concat([Buffer.from('28b52ffd0458030000419a9a9a9a', 'hex'), zstd]);

    for (const [compression, bytes] of [
      ['snappy', snappy],
      ['lz4', lz4],
      ['lz4', sizedLz4],
      ['zstd', zstd],
      ['zstd', secondZstd],
    ] as const) {
      const {bytes: batch} = javaCase(`records of every shape, ${compression}`);
      expect([compression, failureOf(withRecords(batch, bytes))?.problem]).toEqual([
        compression,
        'size',
      ]);
    }
  });
});

describe('RecordBatch', () => {
  test('tells a marker that aborts from one that commits, and from data that looks like one', () => {
    const [data, abort, , commit] = [...recordBatches(transactions.bytes)];

    expect(abort).toMatchObject({isControl: true, isAbort: true});
    expect(commit).toMatchObject({isControl: true, isAbort: false});
    expect(data).toMatchObject({isControl: false, isAbort: false});
    const record = {key: Buffer.alloc(4), value: null, timestamp: 1, headers: []};
    const options = {producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true};
    const [lookalike] = recordBatches(
      encodeRecordBatch([record], {...options, compression: 'none'}),
    );
    expect(lookalike).toMatchObject({isControl: false, isAbort: false});
  });

  test('has no marker where compaction took it', () => {
    const empty = javaCase('an empty batch of a transactional producer').bytes;
    const [batch] = recordBatches(
      patched(empty, at.attributes + 1, attribute.transactional | attribute.control),
    );

    expect(batch).toMatchObject({isControl: true, isAbort: false, count: 0});
  });

  test('covers its last offset though its last records are gone', () => {
    const read = [...recordBatches(compacted.bytes)];

    expect(read.map(({lastOffset, count}) => [lastOffset, count])).toEqual([
      [9, 3],
      [19, 0],
      [29, 5],
    ]);
  });

  test('gives the records from an offset within it on', () => {
    expect(readAll(compacted.bytes, 3).map(({offset}) => offset)).toEqual([4, 20, 22, 24, 26, 28]);
    expect(readAll(compacted.bytes, 23).map(({offset}) => offset)).toEqual([24, 26, 28]);
    expect(readAll(compacted.bytes, 30)).toEqual([]);
  });

  test('gives every record the time of the append where the topic wants that', () => {
    const records = readAll(javaCase('LogAppendTime').bytes);

    expect(new Set(records.map(({timestamp}) => timestamp))).toEqual(new Set([1_700_000_000_999]));
  });

  test('trap 17: gives keys and values as views of the answer', () => {
    const [record] = readAll(shapes);

    expect(record?.value?.buffer).toBe(shapes.buffer);
  });

  test('reads its records only when they are asked for', () => {
    const [batch] = recordBatches(patched(shapes, at.records, 0xff, 0xff));

    expect(batch?.lastOffset).toBe(7);
    expect(() => batch?.appendTo([], 0)).toThrow(
      expect.objectContaining({problem: 'corrupt', baseOffset: 0}),
    );
  });

  test('holds exactly as many records as it says', () => {
    expect(failureOf(patched(shapes, at.count, 0, 0, 0, 7))).toMatchObject({problem: 'corrupt'});
    expect(failureOf(patched(shapes, at.count, 0, 0, 0, 9))).toMatchObject({problem: 'corrupt'});
    expect(failureOf(patched(shapes, at.count, 0x7f, 0xff, 0xff, 0xff))).toMatchObject({
      problem: 'corrupt',
    });
    expect(failureOf(patched(shapes, at.count, 0xff, 0xff, 0xff, 0xff))).toMatchObject({
      problem: 'corrupt',
    });
  });

  // A record: length; attributes, time +0, offset +0, no key, one byte of value, number of headers.
  test.each([
    ['is longer than its fields', '10 00 00 00 01 02 76 00 00', 'a record does not end'],
    ['is shorter than its fields', '0c 00 00 00 01 02 76 00', 'a record does not end'],
    ['is longer than the batch', '10 00 00 00 01 02 76 00', 'its records end in the middle'],
    ['has a value longer than itself', '0e 00 00 00 01 04 76 00', 'a record does not end'],
    ['has a length below zero', '0d 00 00 00 01 02 76 00', 'its records end in the middle'],
    ['has a header name of length -1', '12 00 00 00 01 02 76 02 01 00', 'its records end in'],
    ['has a header too many', '12 00 00 00 01 02 76 04 00 00', 'a record does not end'],
    ['has headers without end', '1c 00 00 00 01 02 76 fe ff ff ff ff ff ff 7f', 'headers'],
    ['has -1 headers', '0e 00 00 00 01 02 76 01', 'a record has -1 headers'],
    ['is followed by more', '0e 00 00 00 01 02 76 00 00', 'it holds more than its 1 records'],
  ])('takes no record that %s', (_, hex, message) => {
    const records = Buffer.from(hex.replaceAll(' ', ''), 'hex');

    const failure = failureOf(withRecords(smallBatch(5, 'v'), records));

    expect(failure).toMatchObject({problem: 'corrupt', baseOffset: 5});
    expect(failure?.message).toContain(message);
  });

  test('takes no offset beyond its last one', () => {
    expect(failureOf(patched(shapes, at.lastOffsetDelta, 0, 0, 0, 6))).toMatchObject({
      problem: 'corrupt',
      message: 'its offsets do not ascend',
    });
  });

  test('has 200,000 records', () => {
    const record = {key: null, value: Buffer.from('v'), timestamp: 7, headers: []};
    const options = {producerId: -1, producerEpoch: -1, baseSequence: -1, isTransactional: false};
    const many = Array.from({length: 200_000}, () => record);
    const bytes = encodeRecordBatch(many, {...options, compression: 'zstd'});

    const records = readAll(bytes);

    expect(records).toHaveLength(200_000);
    expect(records.at(-1)).toEqual({...record, offset: 199_999});
  });
});
