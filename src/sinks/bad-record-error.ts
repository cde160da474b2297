import {FatalError} from '../common/errors.ts';
import type {SinkSource} from './warehouse-sink.ts';

/** What stops a sink under `errors.tolerance: none`: a record whose `side` cannot be read, or whose row is rejected. */
export function badRecordError(
  {sink, topic, partition, table}: SinkSource,
  offset: number,
  side: 'key' | 'value' | 'row',
  cause: Error,
): FatalError {
  const what =
    side === 'row' ? `table ${table.name} does not take its row` : `its ${side} cannot be read`;
  return new FatalError(
    'RECORD_UNREADABLE',
    `sink ${sink}, record ${topic}-${partition}@${offset}: ${what}: ${cause.message}. Fix what writes the topic, or set "errors.tolerance: all" to skip such records (and "errors.deadletterqueue.topic.name" to keep them).`,
    {cause},
  );
}
