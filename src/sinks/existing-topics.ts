import {RetriableError} from '../common/errors.ts';
import type {TopicAdmin, TopicDescription} from '../kafka/client.ts';
import type {SinkConnectorDeps} from './connector-options.ts';

const WAIT_MS = 5000;
const POLL_MS = 100;

/**
 * The sink's topics, once they all exist, and its dead letter topic with them. A sink creates none of the former: how
 * many partitions they have and whether they are compacted is their writer's to say.
 *
 * @throws RetriableError KAFKA_TOPIC_MISSING when one is still missing after 5 s.
 */
export async function existingTopics(
  {kafka, options, clock}: SinkConnectorDeps,
  signal: AbortSignal,
): Promise<readonly TopicDescription[]> {
  const {name, deadLetterTopic} = options;
  const names = options.topics.map((topic) => topic.name);
  let topics: readonly TopicDescription[] = [];
  for (let waited = 0; !signal.aborted; waited += POLL_MS) {
    topics = await kafka.admin.describeTopics(names);
    const missing = names.find((wanted) => !topics.some((topic) => topic.name === wanted));
    if (missing === undefined) break;
    if (waited >= WAIT_MS) {
      throw new RetriableError(
        'KAFKA_TOPIC_MISSING',
        `sink ${name}: topic ${missing} does not exist; start the stage that writes it, or create it`,
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
  if (deadLetterTopic !== undefined)
    await ensureDeadLetterTopic(kafka.admin, deadLetterTopic, options);
  return topics;
}

/** As it is, where it exists: the streams of this service may share it. */
async function ensureDeadLetterTopic(
  admin: TopicAdmin,
  name: string,
  {numPartitions, replicationFactor}: SinkConnectorDeps['options'],
): Promise<void> {
  if ((await admin.describeTopics([name])).length > 0) return;
  const spec = {
    name,
    partitions: numPartitions,
    cleanupPolicy: 'delete',
    replicationFactor,
  } as const;
  await admin.ensureTopics([spec]);
}
