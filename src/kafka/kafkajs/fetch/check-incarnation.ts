import {FatalError} from '../../../common/errors.ts';
import type {AssignedPartition} from './assigned-partition.ts';

/**
 * Remembers the id of the partition's topic when it is first known.
 *
 * @throws FatalError KAFKA_TOPIC_RECREATED when the topic is another one than the one that was read so far.
 */
export function checkIncarnation(partition: AssignedPartition, topicId: string | undefined): void {
  if (topicId === undefined) return;
  partition.topicId ??= topicId;
  if (partition.topicId === topicId) return;
  throw new FatalError(
    'KAFKA_TOPIC_RECREATED',
    `Topic ${partition.topicPartition.topic} was deleted and created again while offset ${partition.position} of ${partition.name} was read; the positions in it mean nothing any more: run "millrace reset"`,
  );
}
