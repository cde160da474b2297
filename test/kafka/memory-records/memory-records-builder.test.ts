import {array, assert, boolean, constantFrom, property, record} from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {ProducerRecord} from '../../../src/kafka/client.ts';
import {
  encodeRecordBatch,
  sealRecordBatch,
} from '../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';
import {splitBodies} from '../../../src/kafka/kafkajs/produce/split-batches.ts';
import {MemoryRecordsBuilder} from '../../../src/kafka/memory-records/memory-records-builder.ts';
import {RECORDS_AT} from '../../../src/kafka/memory-records/memory-records.ts';
import type {MemoryRecords, RecordsBody} from '../../../src/kafka/memory-records/memory-records.ts';
import {recordsOf} from '../../support/memory-records.ts';
import {producerRecords} from '../kafkajs/record-batch/arbitrary-records.ts';
import {readAll} from '../kafkajs/record-batch/batch-bytes.ts';
import {textOf} from '../kafkajs/record-batch/text-of.ts';

const options = {
  producerId: 4000,
  producerEpoch: 3,
  baseSequence: 70,
  isTransactional: true,
  compression: 'none',
} as const;

function write(builder: MemoryRecordsBuilder, {key, value, timestamp, headers}: ProducerRecord) {
  if (value === null) {
    builder.tombstone(timestamp, key, headers);
  } else {
    builder.begin(timestamp, key).bytes(value);
    builder.end(headers);
  }
}

function taken(builder: MemoryRecordsBuilder): MemoryRecords {
  builder.mark();
  return builder.take() ?? {count: 0, bodies: []};
}

function texts(records: readonly ProducerRecord[]): string[] {
  return records.map((each) => textOf({...each, offset: 0}));
}

function bodyOf(...values: readonly string[]): readonly RecordsBody[] {
  const builder = new MemoryRecordsBuilder();
  for (const [i, value] of values.entries()) {
    builder.begin(i, null).text(value);
    builder.end([]);
  }
  return taken(builder).bodies;
}

/** As a broker hands the bodies out again: with timestamps as their batches say. */
function sealed(bodies: readonly RecordsBody[]): string[] {
  return texts(bodies.flatMap((body) => readAll(sealRecordBatch(body, options))));
}

describe('MemoryRecordsBuilder', () => {
  test('writes the bytes that the same records have one by one', () => {
    assert(
      property(producerRecords, (records) => {
        const builder = new MemoryRecordsBuilder();
        for (const each of records) write(builder, each);

        const [body, ...others] = taken(builder).bodies;

        const expected = encodeRecordBatch(records, options);
        expect(others).toEqual([]);
        expect(sealRecordBatch(body!, options).equals(expected)).toBe(true);
      }),
    );
  });

  test('hands out what stands before the mark, each record once and in order, whatever the size of a body', () => {
    const steps = array(
      record({records: producerRecords, marks: boolean(), takes: boolean(), abandons: boolean()}),
      {maxLength: 5},
    );
    assert(
      property(steps, constantFrom(1, 100, 9_000, 1_000_000), (all, maxBytes) => {
        const builder = new MemoryRecordsBuilder(maxBytes);
        const whole: ProducerRecord[] = [];
        const open: ProducerRecord[] = [];
        const bodies: RecordsBody[] = [];
        for (const {records, marks, takes, abandons} of all) {
          for (const each of records) write(builder, each);
          open.push(...records);
          if (abandons) builder.begin(7, Buffer.from('lost')).text('never ended');
          if (marks) {
            builder.mark();
            whole.push(...open.splice(0));
          }
          if (takes) bodies.push(...(builder.take()?.bodies ?? []));
        }
        bodies.push(...taken(builder).bodies);
        whole.push(...open);

        const count = bodies.reduce((sum, body) => sum + body.count, 0);
        expect(count).toBe(whole.length);
        expect(texts(recordsOf({count, bodies}))).toEqual(texts(whole));
        expect(sealed(bodies)).toEqual(texts(whole));
        for (const body of bodies) {
          const isTooLarge = body.buffer.length - RECORDS_AT > maxBytes;
          expect(isTooLarge && body.count > 1).toBe(false);
        }
      }),
      {numRuns: 40},
    );
  });

  test('holds back what is behind the mark', () => {
    const builder = new MemoryRecordsBuilder();
    const [a, b] = (['a', 'b'] as const).map((key): ProducerRecord => ({
      key: Buffer.from(key),
      value: null,
      timestamp: 5,
      headers: [],
    })) as [ProducerRecord, ProducerRecord];
    write(builder, a);
    builder.mark();
    write(builder, b);

    const first = builder.take();

    expect(texts(recordsOf(first!))).toEqual(texts([a]));
    expect(builder.take()).toBeUndefined();
    expect(texts(recordsOf(taken(builder)))).toEqual(texts([b]));
  });
});

/** Ten records of 60 kB, each its own. */
function fill(builder: MemoryRecordsBuilder, name: string): readonly string[] {
  const values = Array.from({length: 10}, (_, i) => `${name} ${i} `.repeat(60_000 / 8));
  for (const [i, value] of values.entries()) {
    builder.begin(i, null).text(value);
    builder.end([]);
  }
  return values;
}

function valuesOf(batches: readonly Buffer[]): readonly string[] {
  return batches.flatMap((batch) => readAll(batch)).map(({value}) => String(value));
}

describe('the memory of bodies that are compressed', () => {
  const lz4 = {...options, compression: 'lz4'} as const;
  const of = {topic: 'orders', partition: 3};

  test('is used again for later ones, and never while somebody writes there or reads it', () => {
    const [here, there] = [new MemoryRecordsBuilder(), new MemoryRecordsBuilder()];
    const seen = new Set<ArrayBufferLike>();
    let used = 0;
    for (let round = 0; round < 20; round++) {
      const expected = [fill(here, `here ${round}`), fill(there, `there ${round}`)];
      const both = [here, there].map((builder) => taken(builder).bodies);
      for (const {buffer} of both.flat()) {
        used++;
        seen.add(buffer.buffer);
      }
      // While the one is compressed in parts, the other is still to be read.
      const batches = both.map((bodies) =>
        splitBodies(bodies, 100_000, of).map((part) => sealRecordBatch(part, lz4)),
      );
      // A difference of a megabyte takes minutes to be printed.
      expect(batches.map((each, i) => valuesOf(each).join() === expected[i]!.join())).toEqual([
        true,
        true,
      ]);
    }

    expect(seen.size).toBeLessThan(used / 2);
  });
});

describe('splitBodies', () => {
  const of = {topic: 'orders', partition: 3};

  test('cuts a body into batches that fit', () => {
    const values = Array.from({length: 100}, (_, i) => `${i}`.padEnd(i, '.'));
    const bodies = bodyOf(...values);

    const parts = splitBodies(bodies, 300, of);

    expect(parts.length).toBeGreaterThan(15);
    expect(parts.every(({buffer}) => buffer.length - RECORDS_AT <= 300)).toBe(true);
    expect(parts.flatMap((part) => readAll(sealRecordBatch(part, options)))).toMatchObject(
      values.map((value, timestamp) => ({timestamp, value: Buffer.from(value)})),
    );
  });

  test('names the partition and the size of a record that fits into none', () => {
    const bodies = bodyOf('a', 'x'.repeat(400), 'b');

    expect(() => splitBodies(bodies, 300, of)).toThrow(
      expect.objectContaining({
        code: 'KAFKA_RECORD_TOO_LARGE',
        message: expect.stringMatching(
          /orders-3 has 40\d bytes, more than max\.request\.size/,
        ) as string,
      }),
    );
  });
});
