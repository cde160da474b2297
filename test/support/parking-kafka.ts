import type {
  FetchedPartition,
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupOptions,
  KafkaClient,
  TopicAdmin,
  TransactionalProducer,
} from '../../src/kafka/client.ts';

/**
 * A client for one reader, whose polls stay away once they have handed out everything, until `more` is called: a test
 * decides which records the reader sees together.
 */
export class ParkingKafka implements KafkaClient {
  readonly admin: TopicAdmin;
  readonly #client: KafkaClient;
  readonly #maxPartitionBytes: number;
  #isParked = false;
  #onParked: () => void = () => undefined;
  #go: () => void = () => undefined;

  constructor(client: KafkaClient, maxPartitionBytes: number) {
    this.admin = client.admin;
    this.#client = client;
    this.#maxPartitionBytes = maxPartitionBytes;
  }

  /** Resolves when the reader has been given all there is, and asks for more without hurry. */
  async parked(): Promise<void> {
    if (!this.#isParked) await new Promise<void>((resolve) => (this.#onParked = resolve));
  }

  more(): void {
    this.#isParked = false;
    this.#go();
  }

  transactionalProducer(transactionalId: string): TransactionalProducer {
    return this.#client.transactionalProducer(transactionalId);
  }

  groupMember(options: GroupOptions): GroupMember {
    return this.#client.groupMember(options);
  }

  fetcher(options: FetcherOptions): Fetcher {
    const maxPartitionBytes = this.#maxPartitionBytes;
    const fetcher = this.#client.fetcher({...options, maxPartitionBytes});
    let seen = '';
    return {
      assign: (partition, offset) => fetcher.assign(partition, offset),
      unassign: (partition) => fetcher.unassign(partition),
      pause: (partition) => fetcher.pause(partition),
      resume: (partition) => fetcher.resume(partition),
      position: (partition) => fetcher.position(partition),
      poll: async (maxWaitMs, signal) => {
        const answers = await fetcher.poll(0, signal);
        const before = seen;
        seen = answers.map(whereItStands).toSorted().join();
        const isNews = seen !== before || answers.some(({records}) => records.length > 0);
        if (isNews || maxWaitMs === 0 || signal?.aborted === true) return answers;
        await this.#park(signal);
        return [];
      },
      close: () => fetcher.close(),
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #park(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#go = () => resolve();
      signal?.addEventListener('abort', this.#go, {once: true});
      this.#isParked = true;
      this.#onParked();
    });
    signal?.removeEventListener('abort', this.#go);
  }
}

function whereItStands({topic, partition, position, highWatermark}: FetchedPartition): string {
  return `${topic}-${partition}@${position}/${highWatermark}`;
}
