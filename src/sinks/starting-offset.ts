import {FatalError} from '../common/errors.ts';
import type {PartitionOffsets} from '../kafka/client.ts';

/**
 * Where reading begins: at the warehouse's watermark, or at the log's start where it has none.
 *
 * @throws FatalError KAFKA_OFFSET_OUT_OF_RANGE when the log no longer has what follows the watermark, or does not reach it.
 */
export function startingOffset(
  sink: string,
  watermark: number | undefined,
  {topic, partition, earliest, latest}: Omit<PartitionOffsets, 'stable'>,
): number {
  if (watermark === undefined) return earliest;
  const where = `sink ${sink}: the warehouse has ${topic}-${partition} up to offset ${watermark}`;
  if (watermark < earliest) {
    throw outOfRange(
      `${where}, but retention has removed what comes before ${earliest}; to go on without it, set next_offset in _sink_offsets to ${earliest}`,
    );
  }
  if (watermark > latest) {
    throw outOfRange(
      `${where}, but the log ends at ${latest}: its tail was lost or it is another log; restore it, or remove the rows from offset ${latest} on and set next_offset in _sink_offsets to ${latest}`,
    );
  }
  return watermark;
}

function outOfRange(message: string): FatalError {
  return new FatalError('KAFKA_OFFSET_OUT_OF_RANGE', message);
}
