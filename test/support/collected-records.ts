import type {ProducerRecord} from '../../src/kafka/client.ts';
import type {CollectedRecords} from '../../src/cdc/events/record-collector.ts';
import {recordsOf} from './memory-records.ts';

/** The records one by one, partition by partition. */
export function collectedRecords({batches}: CollectedRecords): ProducerRecord[] {
  return batches.flatMap(({records}) => recordsOf(records));
}
