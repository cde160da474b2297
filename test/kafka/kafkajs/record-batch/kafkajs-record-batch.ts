import {createRequire} from 'node:module';
import type {ConsumedRecord, ProducerRecord, RecordHeader} from '../../../../src/kafka/client.ts';
import type {BatchOptions} from '../../../../src/kafka/kafkajs/record-batch/encode-record-batch.ts';

type Headers = Record<string, Buffer | Buffer[]>;

interface DecodedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

const require = createRequire(import.meta.url);
const protocol = 'kafkajs/src/protocol';
const {RecordBatch} = require(`${protocol}/recordBatch/v0/index.js`) as {
  readonly RecordBatch: (options: object) => Promise<{buffer: Buffer}>;
};
const recordOf = require(`${protocol}/recordBatch/record/v0/index.js`) as (o: object) => unknown;
const decodeBatch = require(`${protocol}/recordBatch/v0/decoder.js`) as (
  decoder: unknown,
) => Promise<{records: DecodedRecord[]}>;
const Decoder = require(`${protocol}/decoder.js`) as new (bytes: Buffer) => unknown;
const Long = require('kafkajs/src/utils/long.js') as {fromValue(value: number): unknown};

/** The batch that kafkajs' encoder makes of the records; it orders headers by name. */
export async function kafkajsEncode(
  records: readonly ProducerRecord[],
  options: Omit<BatchOptions, 'compression'> & {readonly compression: 'none' | 'gzip'},
): Promise<Buffer> {
  const timestamps = records.map(({timestamp}) => timestamp);
  const first = timestamps[0] as number;
  const {buffer} = await RecordBatch({
    compression: options.compression === 'gzip' ? 1 : 0,
    firstTimestamp: Long.fromValue(first),
    maxTimestamp: Long.fromValue(Math.max(...timestamps)),
    partitionLeaderEpoch: -1,
    lastOffsetDelta: records.length - 1,
    transactional: options.isTransactional,
    producerId: Long.fromValue(options.producerId),
    producerEpoch: options.producerEpoch,
    firstSequence: options.baseSequence,
    records: records.map(({key, value, timestamp, headers}, offsetDelta) =>
      recordOf({
        offsetDelta,
        timestampDelta: timestamp - first,
        key,
        value,
        headers: byName(headers),
      }),
    ),
  });
  return buffer;
}

/** What kafkajs' decoder reads of a batch; headers are grouped by name. */
export async function kafkajsDecode(bytes: Buffer): Promise<ConsumedRecord[]> {
  const {records} = await decodeBatch(new Decoder(bytes));
  return records.map(({offset, timestamp, key, value, headers}) => ({
    key,
    value,
    timestamp: Number(timestamp),
    headers: inOrderOfNames(headers),
    offset: Number(offset),
  }));
}

/** The same headers in the order that is left of them in kafkajs, which keeps them in an object. */
export function inOrderOfNames(headers: readonly RecordHeader[] | Headers): RecordHeader[] {
  const grouped = Array.isArray(headers) ? byName(headers as RecordHeader[]) : (headers as Headers);
  return Object.entries(grouped).flatMap(([key, values]) =>
    (Array.isArray(values) ? values : [values]).map((value) => ({key, value})),
  );
}

function byName(headers: readonly RecordHeader[]): Headers {
  const grouped: Record<string, Buffer[]> = {};
  for (const {key, value} of headers) (grouped[key] ??= []).push(value);
  return grouped;
}
