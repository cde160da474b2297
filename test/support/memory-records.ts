import type {ProducerRecord} from '../../src/kafka/client.ts';
import type {MemoryRecords} from '../../src/kafka/memory-records/memory-records.ts';
import {RECORDS_AT} from '../../src/kafka/memory-records/memory-records.ts';
import {decodeRecords} from '../../src/kafka/memory-records/decode-records.ts';

/** The records as they were written, one by one. */
export function recordsOf({bodies}: MemoryRecords): ProducerRecord[] {
  return bodies
    .flatMap((body) => decodeRecords({...body, start: RECORDS_AT}, 0))
    .map(({key, value, timestamp, headers}) => ({key, value, timestamp, headers}));
}
