import type {StoredPosition} from '../../cdc/postgres/check/slot-checks.ts';
import {OffsetStore, offsetsTopic} from '../../cdc/offset-store.ts';
import type {Clock} from '../../common/clock.ts';
import type {Config} from '../../config/config.ts';
import {kafkajsOptions} from '../open-kafka.ts';

/** How long Kafka may take to answer; its own check says what is wrong with it. Milliseconds. */
const patienceMs = 10_000;

/**
 * What Kafka has of each source's slot, by the source's name; undefined where it could not be asked, or is the embedded
 * log, which one process has to itself.
 */
export async function storedPositions(
  {kafka: configured, sources = [], applicationId}: Config,
  clock: Clock,
): Promise<ReadonlyMap<string, StoredPosition> | undefined> {
  if (configured === undefined || sources.length === 0) return undefined;
  try {
    const {KafkajsClient} = await import('../../kafka/kafkajs/kafkajs-client.ts');
    const options = await kafkajsOptions(configured);
    const kafka = await KafkajsClient.connect({...options, apiTimeoutMs: patienceMs, clock});
    try {
      const topic = offsetsTopic(applicationId);
      const isThere = (await kafka.admin.describeTopics([topic])).length > 0;
      const positions = new Map<string, StoredPosition>();
      for (const {name, slotName, database} of sources) {
        const store = new OffsetStore(kafka, topic, slotName, database.dbname, clock);
        const offset = isThere ? await store.read(new AbortController().signal) : undefined;
        positions.set(name, {isClaimed: store.isClaimed, offset});
      }
      return positions;
    } finally {
      await kafka.close();
    }
  } catch {
    return undefined;
  }
}
