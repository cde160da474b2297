import type {TopicSink} from '../topic.ts';
import type {StoreSpec} from '../topology/node.ts';

/** The topic's name in Kafka: internal ones begin with the application id. */
export function topicName(
  applicationId: string,
  {name, internal}: TopicSink<never, never>,
): string {
  return internal ? `${applicationId}-${name}` : name;
}

/** Kafka Streams' name for a store's changelog, or the table's own topic where it is published. */
export function changelogName(
  applicationId: string,
  {name, changelog, published}: StoreSpec,
): string {
  return published ? topicName(applicationId, changelog) : `${applicationId}-${name}-changelog`;
}
