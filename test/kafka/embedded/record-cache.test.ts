import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {array, assert, constantFrom, integer, property} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {ConsumedRecord, FetcherOptions, KafkaClient} from '../../../src/kafka/client.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {LogBatch, PartitionLog} from '../../../src/kafka/embedded/partition-log.ts';
import {bodyOf} from '../../../src/kafka/embedded/record-batch.ts';
import type {BatchBody} from '../../../src/kafka/embedded/record-batch.ts';
import {RecordCache} from '../../../src/kafka/embedded/record-cache.ts';
import {encodeRecords} from '../../../src/kafka/memory-records/encode-records.ts';
import {MemoryRecordsBuilder} from '../../../src/kafka/memory-records/memory-records-builder.ts';

const CACHE_BYTES = 1000;
const TOPIC = 'orders';

const log = new PartitionLog(
  {number: 1, name: TOPIC, topicId: 'id', partitions: 1, cleanupPolicy: 'delete'} as never,
  0,
);

/** A batch whose one record has so many bytes of this letter. */
function batchOf(letter: string, length: number): LogBatch {
  const value = Buffer.from(letter.repeat(length));
  const body = bodyOf(encodeRecords([{key: null, value, timestamp: 0, headers: []}]));
  const fields = {baseOffset: 0, nextOffset: 1, owner: null, appendTime: 0, stored: null};
  return new LogBatch(log, {...fields, body});
}

function bytesOf({buffer, start, bytes}: BatchBody): string {
  return buffer.toString('latin1', start, start + bytes);
}

async function readOne(
  kafka: KafkaClient,
  offset: number,
  isolation: FetcherOptions['isolation'],
): Promise<ConsumedRecord> {
  const fetcher = kafka.fetcher({isolation});
  fetcher.assign({topic: TOPIC, partition: 0}, offset);
  const [fetched] = await fetcher.poll(1000);
  await fetcher.close();
  return fetched?.records[0] as ConsumedRecord;
}

describe('RecordCache', () => {
  test('keeps the latest batches that fit, whole, and never more', () => {
    const lengths = array(integer({min: 0, max: CACHE_BYTES * 1.2}), {maxLength: 40});
    const letters = constantFrom('a', 'b', 'c');
    assert(
      property(lengths, array(letters, {minLength: 40, maxLength: 40}), (sizes, names) => {
        const cache = new RecordCache(CACHE_BYTES);
        const batches = sizes.map((size, i) => batchOf(names[i] as string, size));
        const written = batches.map(({body}) => bytesOf(body as BatchBody));
        for (const [i, batch] of batches.entries()) {
          cache.add(batch);
          expect(batch.body !== null).toBe(batch.bytes <= CACHE_BYTES);
          const kept = batches.slice(0, i + 1).filter(({body}) => body !== null);
          expect(kept.reduce((sum, {bytes}) => sum + bytes, 0)).toBeLessThanOrEqual(CACHE_BYTES);
          for (const one of kept) {
            expect(bytesOf(one.body as BatchBody)).toBe(written[batches.indexOf(one)]);
          }
        }
      }),
    );
  });

  test('lets the oldest batch go first, and not before its place is needed', () => {
    const cache = new RecordCache(CACHE_BYTES);
    const batches = ['a', 'b', 'c', 'd'].map((letter) => batchOf(letter, 300));
    for (const batch of batches) cache.add(batch);

    expect(batches.map(({body}) => body !== null)).toEqual([false, true, true, true]);
  });
});

describe('what was read of the embedded log', () => {
  /** As large as memory that is used again. */
  const VALUE_BYTES = 300_000;

  function write(letter: string) {
    const builder = new MemoryRecordsBuilder();
    builder.begin(0, null).bytes(Buffer.alloc(VALUE_BYTES, letter));
    builder.end([{key: 'header', value: Buffer.from(letter)}]);
    builder.mark();
    return {topic: TOPIC, partition: 0, records: builder.take() as never};
  }

  test('stays as it is, whatever is written into the same memory later', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-cache-'));
    const options = {directory, clock: systemClock, logger: silentLogger};
    const kafka = await EmbeddedKafka.open({...options, cacheBytes: 2 * VALUE_BYTES});
    await kafka.admin.ensureTopics([{name: TOPIC, partitions: 1, cleanupPolicy: 'delete'}]);
    const producer = kafka.transactionalProducer('writer');
    await producer.init();
    const read: ConsumedRecord[] = [];
    const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const letter of letters) {
      producer.begin();
      const [produced] = await producer.send([write(letter)]);
      const offset = produced?.baseOffset as number;
      read.push(await readOne(kafka, offset, 'read_uncommitted'));
      await producer.commit();
      read.push(await readOne(kafka, offset, 'read_committed'));
    }

    const expected = letters.flatMap((letter) => [letter, letter]);
    expect(read.map(({headers}) => headers[0]?.value.toString())).toEqual(expected);
    const values = read.map(({value}) => new Set(value));
    expect(values).toEqual(expected.map((letter) => new Set(Buffer.from(letter))));
    await kafka.close();
    await rm(directory, {recursive: true});
  });
});
