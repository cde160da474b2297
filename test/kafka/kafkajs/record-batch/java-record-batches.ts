import {readFileSync} from 'node:fs';
import type {ConsumedRecord} from '../../../../src/kafka/client.ts';
import type {CompressionType} from '../../../../src/kafka/kafkajs/record-batch/compression.ts';

/** A batch as Java reads it. */
export interface JavaBatch {
  readonly magic: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly isControl: boolean;
  readonly isTransactional: boolean;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly compression: CompressionType;
  readonly timestampType: string;
  readonly partitionLeaderEpoch: number;
  readonly records?: readonly JavaRecord[];
  readonly recordsAs?: string;
}

interface JavaRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly {readonly key: string; readonly value: string | null}[];
}

export interface JavaCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly batches: readonly JavaBatch[];
}

const file = new URL('golden/java-record-batches.json', import.meta.url);

/** What Java wrote; `golden/README.md` says how. */
export const javaCases: readonly JavaCase[] = (
  JSON.parse(readFileSync(file, 'utf8')) as {name: string; bytes: string; batches: JavaBatch[]}[]
).map((each) => ({...each, bytes: Buffer.from(each.bytes, 'base64')}));

export function javaCase(name: string): JavaCase {
  const found = javaCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case "${name}"`);
  return found;
}

/** The records of a batch, as the port has them: a header without a value gets an empty one. */
export function recordsOf({records, recordsAs}: JavaBatch): ConsumedRecord[] {
  if (recordsAs !== undefined) return recordsOf(javaCase(recordsAs).batches[0] as JavaBatch);
  return (records ?? []).map(({offset, timestamp, key, value, headers}) => ({
    offset,
    timestamp,
    key: key === null ? null : Buffer.from(key, 'base64'),
    value: value === null ? null : Buffer.from(value, 'base64'),
    headers: headers.map((header) => ({
      key: header.key,
      value: Buffer.from(header.value ?? '', 'base64'),
    })),
  }));
}
