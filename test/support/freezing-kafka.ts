import type {
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupOptions,
  KafkaClient,
  TopicAdmin,
  TransactionalProducer,
} from '../../src/kafka/client.ts';

/**
 * A client whose process can freeze before or after a step of a transaction, fall silent to its group, and wake up later
 * as a zombie, which carries on where it was.
 */
export class FreezingKafka implements KafkaClient {
  readonly admin: TopicAdmin;
  readonly #client: KafkaClient;
  readonly #group: KafkaClient;
  #stepsLeft = Infinity;
  #awake: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #onFrozen: () => void = () => undefined;

  /** `group` is a client for this process's membership alone: closing it ends the heartbeats, as freezing does. */
  constructor(client: KafkaClient, group: KafkaClient) {
    this.admin = client.admin;
    this.#client = client;
    this.#group = group;
  }

  /** Freezes it in `steps` steps. Returns a promise of when that has happened. */
  freezeIn(steps: number): Promise<void> {
    this.#stepsLeft = steps;
    this.#awake = new Promise((resolve) => (this.#wake = resolve));
    return new Promise((resolve) => (this.#onFrozen = resolve));
  }

  /** Also takes back a freeze that has not come yet. */
  wake(): void {
    this.#stepsLeft = Infinity;
    this.#wake();
  }

  transactionalProducer(transactionalId: string): TransactionalProducer {
    const producer = this.#client.transactionalProducer(transactionalId);
    const step = async <T>(run: () => Promise<T>): Promise<T> => {
      await this.#step();
      const result = await run();
      await this.#step();
      return result;
    };
    return {
      init: () => producer.init(),
      begin: () => producer.begin(),
      send: (batches) => step(() => producer.send(batches)),
      sendOffsets: (group, offsets) => step(() => producer.sendOffsets(group, offsets)),
      commit: () => step(() => producer.commit()),
      abort: () => producer.abort(),
    };
  }

  groupMember(options: GroupOptions): GroupMember {
    return this.#group.groupMember(options);
  }

  fetcher(options: FetcherOptions): Fetcher {
    return this.#client.fetcher(options);
  }

  async close(): Promise<void> {
    await this.#group.close();
    await this.#client.close();
  }

  async #step(): Promise<void> {
    if (--this.#stepsLeft > 0) return;
    await this.#group.close();
    this.#onFrozen();
    await this.#awake;
  }
}
