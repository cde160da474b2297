import type {TopicSpec} from '../client.ts';

/** What a topic is like, as far as it has to be as the service needs it. */
export interface TopicShape {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly cleanupPolicy: string;
  readonly minInsyncReplicas: number;
}

export interface TopicMismatch {
  readonly of: 'partitions' | 'cleanup.policy' | 'replicas' | 'min.insync.replicas';
  /** What follows the topic's name in a sentence: `has 2 partitions instead of 1`. */
  readonly has: string;
  readonly wanted: string;
}

/** In what a topic is weaker or other than `spec`; the worst first. */
export function topicMismatches(
  {partitions, cleanupPolicy, replicationFactor = 1}: TopicSpec,
  found: TopicShape,
  minInsyncReplicas = 1,
): readonly TopicMismatch[] {
  const mismatches: TopicMismatch[] = [];
  if (found.partitions !== partitions)
    mismatches.push({
      of: 'partitions',
      has: `has ${found.partitions} partitions instead of ${partitions}`,
      wanted: String(partitions),
    });
  if (found.cleanupPolicy !== cleanupPolicy)
    mismatches.push({
      of: 'cleanup.policy',
      has: `has cleanup.policy ${found.cleanupPolicy} instead of ${cleanupPolicy}`,
      wanted: cleanupPolicy,
    });
  if (found.replicationFactor < replicationFactor)
    mismatches.push({
      of: 'replicas',
      has: `has ${found.replicationFactor} replicas instead of ${replicationFactor}`,
      wanted: String(replicationFactor),
    });
  if (found.minInsyncReplicas < minInsyncReplicas)
    mismatches.push({
      of: 'min.insync.replicas',
      has: `has min.insync.replicas ${found.minInsyncReplicas} instead of ${minInsyncReplicas}`,
      wanted: String(minInsyncReplicas),
    });
  return mismatches;
}
