import {systemClock} from '../src/common/clock.ts';
import type {Fetcher} from '../src/kafka/client.ts';
import {KafkajsClient} from '../src/kafka/kafkajs/kafkajs-client.ts';

/** Reads a topic from its end on, and remembers when each committed record came. */
export class TopicTail {
  /** In milliseconds of `performance.now()`. */
  readonly arrivals: number[] = [];
  readonly #kafka: KafkajsClient;
  readonly #fetcher: Fetcher;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;

  private constructor(kafka: KafkajsClient, fetcher: Fetcher) {
    this.#kafka = kafka;
    this.#fetcher = fetcher;
    this.#done = this.#run();
  }

  static async open(
    bootstrapServers: readonly string[],
    topic: string,
    partitions: number,
  ): Promise<TopicTail> {
    const kafka = await KafkajsClient.connect({
      bootstrapServers,
      clientId: 'tail',
      clock: systemClock,
    });
    const fetcher = kafka.fetcher({isolation: 'read_committed'});
    const all = Array.from({length: partitions}, (_, partition) => ({topic, partition}));
    for (const {latest, ...place} of await kafka.admin.offsets(all)) fetcher.assign(place, latest);
    return new TopicTail(kafka, fetcher);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
    await this.#fetcher.close();
    await this.#kafka.close();
  }

  async #run(): Promise<void> {
    const {signal} = this.#closing;
    while (!signal.aborted) {
      for (const {records} of await this.#fetcher.poll(1000, signal)) {
        const now = performance.now();
        for (let n = records.length; n > 0; n--) this.arrivals.push(now);
      }
    }
  }
}
