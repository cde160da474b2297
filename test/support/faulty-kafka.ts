import {RetriableError} from '../../src/common/errors.ts';
import type {
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupOptions,
  KafkaClient,
  TopicAdmin,
  TransactionalProducer,
} from '../../src/kafka/client.ts';
import type {CommittedStore, StoreProvider, StoredName} from '../../src/state/committed-store.ts';

/** Steps of a commit around which something can go wrong. */
export const faultPoints = [
  'before send',
  'after send',
  'before sendOffsets',
  'after sendOffsets',
  'before commit',
  'after commit',
  'before apply',
  'after apply',
] as const;

export type FaultPoint = (typeof faultPoints)[number];

/** What goes wrong at the nth time (from 1) that a point is reached. */
export interface Fault {
  readonly point: FaultPoint;
  readonly nth: number;
  /** `crash`: the process is gone, nothing it calls has an effect any more. `error`: the answer is lost, life goes on. */
  readonly kind: 'crash' | 'error';
}

/** Ends a process in a test. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** One process to whom things happen. Its Kafka client and its stores share the count of steps. */
export class Faults {
  readonly #faults: readonly Fault[];
  readonly #reached = new Map<FaultPoint, number>();
  #isDead = false;
  fired = 0;

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  reach(point: FaultPoint): void {
    this.assertAlive();
    const nth = (this.#reached.get(point) ?? 0) + 1;
    this.#reached.set(point, nth);
    const fault = this.#faults.find(
      (candidate) => candidate.point === point && candidate.nth === nth,
    );
    if (fault === undefined) return;
    this.fired++;
    if (fault.kind === 'error') throw new RetriableError('KAFKA_UNREACHABLE', `injected ${point}`);
    this.#isDead = true;
    throw new Crash(`${point} ${nth}`);
  }

  assertAlive(): void {
    if (this.#isDead) throw new Crash('dead already');
  }
}

/** A client whose producer fails at the given points. */
export class FaultyKafka implements KafkaClient {
  readonly #client: KafkaClient;
  readonly #faults: Faults;

  constructor(client: KafkaClient, faults: Faults) {
    this.#client = client;
    this.#faults = faults;
  }

  get admin(): TopicAdmin {
    this.#faults.assertAlive();
    return this.#client.admin;
  }

  transactionalProducer(transactionalId: string): TransactionalProducer {
    const producer = this.#client.transactionalProducer(transactionalId);
    const faults = this.#faults;
    const around = async <T>(
      step: 'send' | 'sendOffsets' | 'commit',
      run: () => Promise<T>,
    ): Promise<T> => {
      faults.reach(`before ${step}`);
      const result = await run();
      faults.reach(`after ${step}`);
      return result;
    };
    const alive = <T>(run: () => T): T => {
      faults.assertAlive();
      return run();
    };
    return {
      init: async () => alive(() => producer.init()),
      begin: () => alive(() => producer.begin()),
      send: (batches) => around('send', () => producer.send(batches)),
      sendOffsets: (group, offsets) =>
        around('sendOffsets', () => producer.sendOffsets(group, offsets)),
      commit: () => around('commit', () => producer.commit()),
      abort: async () => alive(() => producer.abort()),
    };
  }

  fetcher(options: FetcherOptions): Fetcher {
    return this.#client.fetcher(options);
  }

  /** The group learns of a death at once, so that tests need not wait for the session's end. */
  groupMember(options: GroupOptions): GroupMember {
    return this.#client.groupMember(options);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** Stores that fail around the writing of a commit. */
export class FaultyStores implements StoreProvider {
  readonly #stores: StoreProvider;
  readonly #faults: Faults;

  constructor(stores: StoreProvider, faults: Faults) {
    this.#stores = stores;
    this.#faults = faults;
  }

  stored(): Promise<readonly StoredName[]> {
    return this.#stores.stored();
  }

  async open(taskId: string, name: string): Promise<CommittedStore> {
    const store = await this.#stores.open(taskId, name);
    const faults = this.#faults;
    return {
      name,
      get isEmpty() {
        return store.isEmpty;
      },
      get checkpoint() {
        return store.checkpoint;
      },
      get: (key) => store.get(key),
      range: (prefix) => store.range(prefix),
      scan: (range) => store.scan(range),
      size: () => store.size(),
      apply: async (writes, checkpoint) => {
        faults.reach('before apply');
        await store.apply(writes, checkpoint);
        faults.reach('after apply');
      },
      wipe: () => store.wipe(),
      close: () => store.close(),
    };
  }
}
