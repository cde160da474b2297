import {silentLogger} from '../../../src/common/logger.ts';
import type {ConsumedRecord, KafkaClient, ProducerRecord} from '../../../src/kafka/client.ts';
import {EmbeddedClient} from '../../../src/kafka/embedded/embedded-client.ts';
import {GroupCoordinator} from '../../../src/kafka/embedded/group-coordinator.ts';
import type {LogStore} from '../../../src/kafka/embedded/log-store.ts';
import {Maintenance} from '../../../src/kafka/embedded/maintenance.ts';
import type {MaintenanceOptions} from '../../../src/kafka/embedded/maintenance.ts';
import {closeLog, openLog} from '../../../src/kafka/embedded/open-log.ts';
import type {LogOptions} from '../../../src/kafka/embedded/open-log.ts';
import {TransactionCoordinator} from '../../../src/kafka/embedded/transaction-coordinator.ts';
import {ManualClock} from '../../support/manual-clock.ts';

export interface CrashableLogOptions
  extends Partial<LogOptions>, Partial<Omit<MaintenanceOptions, 'retentionCheckIntervalMs'>> {
  readonly clock?: ManualClock;
}

/** An embedded log of which only the caller decides when it is maintained, and which can be left as a kill leaves it. */
export class CrashableLog {
  readonly client: KafkaClient;
  readonly store: LogStore;
  readonly clock: ManualClock;
  readonly transactions: TransactionCoordinator;
  readonly #maintenance: Maintenance;

  private constructor(store: LogStore, clock: ManualClock, options: CrashableLogOptions) {
    this.store = store;
    this.clock = clock;
    this.#maintenance = new Maintenance(store, {
      logger: silentLogger,
      checkpointBytes: Infinity,
      ...options,
    });
    this.transactions = new TransactionCoordinator(store, 60_000);
    let ids = 0;
    const randomId = (): string => `id-${++ids}`;
    const groups = new GroupCoordinator(clock, store.topics, randomId);
    this.client = new EmbeddedClient(store, this.transactions, groups, randomId, () => undefined);
  }

  static async open(directory: string, options: CrashableLogOptions = {}): Promise<CrashableLog> {
    const clock = options.clock ?? new ManualClock();
    const store = await openLog({logger: silentLogger, ...options, directory, clock});
    return new CrashableLog(store, clock, options);
  }

  maintain(): Promise<void> {
    return this.#maintenance.run();
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.#maintenance.close();
    await closeLog(this.store);
  }

  /** Leaves the files as they are. */
  async crash(): Promise<void> {
    await this.client.close();
    await closeLog(this.store);
  }

  /** Begins, sends and commits. */
  async commit(
    topic: string,
    records: readonly ProducerRecord[],
    partition = 0,
    transactionalId = 'writer',
  ): Promise<void> {
    const producer = this.client.transactionalProducer(transactionalId);
    await producer.init();
    producer.begin();
    await producer.send([{topic, partition, records}]);
    await producer.commit();
  }

  /** What read_committed sees of a partition from its start (or `from`) to its last stable offset. */
  async read(topic: string, partition = 0, from?: number): Promise<readonly ConsumedRecord[]> {
    const [offsets] = await this.client.admin.offsets([{topic, partition}]);
    const fetcher = this.client.fetcher({isolation: 'read_committed', maxPartitionBytes: 2_000});
    fetcher.assign({topic, partition}, from ?? offsets?.earliest ?? 0);
    const records: ConsumedRecord[] = [];
    for (;;) {
      const [answer] = await fetcher.poll(0);
      if (answer === undefined) throw new Error(`no answer for ${topic}-${partition}`);
      records.push(...answer.records);
      if (answer.position >= answer.lastStableOffset) break;
    }
    await fetcher.close();
    return records;
  }
}

/** A record of text; a null value is a tombstone. */
export function record(
  key: string | null,
  value: string | null,
  timestamp = 1_000,
): ProducerRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp,
    headers: [],
  };
}

/** `offset key=value` of each. */
export function texts(records: readonly ConsumedRecord[]): string[] {
  return records.map(({offset, key, value}) => `${offset} ${String(key)}=${String(value)}`);
}
