import type {ProducerRecord} from '../../src/kafka/client.ts';
import type {MemoryRecords} from '../../src/kafka/memory-records/memory-records.ts';
import {RECORDS_AT} from '../../src/kafka/memory-records/memory-records.ts';
import {readRecords} from '../../src/kafka/memory-records/read-records.ts';

/** The records as they were written, one by one. */
export function recordsOf({bodies}: MemoryRecords): ProducerRecord[] {
  return bodies
    .flatMap((body) => readRecords({...body, start: RECORDS_AT}, 0))
    .map(({key, value, timestamp, headers}) => ({key, value, timestamp, headers}));
}
