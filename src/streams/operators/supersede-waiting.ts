import type {Operator} from '../processor.ts';
import {WaitingRecords} from './waiting-records.ts';

/**
 * Forgets the version of a record that still waits as soon as another one, or its deletion, comes by; forwards nothing.
 *
 * Reads a stream keyed by the waiting records' id, before the new version can reach the join. The store is partitioned
 * by what the records wait for, hence `crossPartition`.
 */
export function supersedeWaiting<Id, V>(waiting: string): Operator<Id, V, never, never> {
  return {
    kind: 'supersedeWaiting',
    stores: [waiting],
    crossPartition: true,
    create: (context) => {
      const records = new WaitingRecords<unknown, unknown>(context.store(waiting));
      return ({key}) => {
        if (!records.isEmpty && records.remove(key)) context.dropped('superseded');
      };
    },
  };
}
