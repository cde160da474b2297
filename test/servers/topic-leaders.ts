import {Kafka, logLevel} from 'kafkajs';
import type {PartitionMetadata} from 'kafkajs';
import {until} from '../support/until.ts';

/** Moves the leaders of topics that have their replicas on brokers 1, 2 and 3. */
export class TopicLeaders {
  readonly #admin: ReturnType<Kafka['admin']>;

  private constructor(admin: ReturnType<Kafka['admin']>) {
    this.#admin = admin;
  }

  static async connect(brokers: readonly string[]): Promise<TopicLeaders> {
    const kafka = new Kafka({
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      retry: {initialRetryTime: 50, retries: 200},
    });
    const admin = kafka.admin();
    await admin.connect();
    return new TopicLeaders(admin);
  }

  /** The leader of each partition. */
  async of(topic: string): Promise<readonly number[]> {
    return (await this.#partitions(topic)).map(({leader}) => leader);
  }

  /** Hands each partition to another broker, `next` of its leader; all three are in sync again afterwards. */
  async move(topic: string, next = (leader: number): number => (leader % 3) + 1): Promise<void> {
    const before = await this.of(topic);
    const places = before.map((leader) => {
      const first = next(leader);
      const others = [1, 2, 3].filter((id) => id !== first && id !== leader);
      return {leader: first, without: [first, ...others], all: [first, ...others, leader]};
    });
    // A leader gives way only where it is no replica any more.
    await this.#assign(
      topic,
      places.map(({without}) => without),
    );
    await until(`other brokers lead ${topic}`, async () =>
      (await this.of(topic)).every((leader, at) => leader !== before[at]),
    );
    await this.#assign(
      topic,
      places.map(({all}) => all),
    );
    await until(`all replicas of ${topic} are in sync`, async () =>
      (await this.#partitions(topic)).every(({isr}) => isr.length === 3),
    );
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }

  async #assign(topic: string, replicas: readonly (readonly number[])[]): Promise<void> {
    await this.#admin.alterPartitionReassignments({
      topics: [
        {
          topic,
          partitionAssignment: replicas.map((ids, partition) => ({partition, replicas: [...ids]})),
        },
      ],
    });
  }

  async #partitions(topic: string) {
    let partitions: PartitionMetadata[] = [];
    // The brokers learn of a topic that was just made one after another.
    await until(`the broker that is asked knows ${topic}`, async () => {
      try {
        const {topics} = await this.#admin.fetchTopicMetadata({topics: [topic]});
        partitions = topics[0]?.partitions ?? [];
        return true;
      } catch (error) {
        if ((error as {type?: string}).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
        return false;
      }
    });
    return partitions.toSorted((a, b) => a.partitionId - b.partitionId);
  }
}
