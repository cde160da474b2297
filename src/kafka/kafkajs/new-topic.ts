import type {TopicSpec} from '../client.ts';
import type {NewTopic} from './protocol/admin-requests.ts';

/** The broker's default would be 7 days, of which some clusters have less. */
const DEFAULT_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** What a cluster is asked for, so that the topic is as `spec` has it. */
export function newTopic(spec: TopicSpec, minInsyncReplicas: number | undefined): NewTopic {
  const {name, partitions, cleanupPolicy, replicationFactor = -1} = spec;
  return {
    name,
    partitions,
    replicationFactor,
    configs: {
      'cleanup.policy': cleanupPolicy,
      'message.timestamp.type': 'CreateTime',
      ...(cleanupPolicy === 'delete'
        ? {'retention.ms': String(spec.retentionMs ?? DEFAULT_RETENTION_MS)}
        : {}),
      ...(minInsyncReplicas === undefined
        ? {}
        : {'min.insync.replicas': String(minInsyncReplicas)}),
    },
  };
}
