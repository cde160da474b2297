import {FatalError, TaskError} from '../../../common/errors.ts';
import {check} from '../connection/cluster.ts';
import {errorCode} from '../protocol/error-code.ts';
import type {FetchedData} from '../protocol/fetch.ts';
import type {AssignedPartition} from './assigned-partition.ts';

/** What the error code of a fetched partition means; undefined if there is none. */
export function fetchError(
  data: FetchedData,
  partition: AssignedPartition,
  offset: number,
): unknown {
  const {error} = data;
  if (error === errorCode.offsetOutOfRange) {
    return new TaskError(
      'KAFKA_OFFSET_OUT_OF_RANGE',
      `Offset ${offset} of ${partition.name} lies outside of its log: what stood there was deleted (retention.ms), or never written`,
    );
  }
  if (error === errorCode.corruptMessage) {
    return new FatalError(
      'KAFKA_CORRUPT_BATCH',
      `The broker cannot read ${partition.name} at offset ${offset}: its log is damaged there; let another replica lead the partition`,
    );
  }
  try {
    check(error, `fetching ${partition.name} at offset ${offset}`);
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}
