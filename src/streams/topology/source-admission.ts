import type {SourceNode} from './node.ts';

/**
 * Why a record of the source's topic does not enter the topology; undefined when it does.
 *
 * A null value is a tombstone, passed on only where the source says so. A null key enters where the key's schema is
 * nullable.
 */
export function refusal(
  {topic, tombstones}: SourceNode,
  key: Buffer | null,
  value: Buffer | null,
): 'tombstone' | 'null_key' | undefined {
  if (value === null && tombstones === 'drop') return 'tombstone';
  if (key === null && !topic.key.schema.nullable) return 'null_key';
  return undefined;
}
