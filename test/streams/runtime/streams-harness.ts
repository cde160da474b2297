import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {Logger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import type {EmbeddedKafkaOptions} from '../../../src/kafka/embedded/embedded-kafka.ts';
import type {ConsumedRecord, KafkaClient, ProducerRecord} from '../../../src/kafka/client.ts';
import {partitionFor} from '../../../src/kafka/partitioner.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import type {LocalSerdes} from '../../../src/serde/local-serdes.ts';
import type {Serdes} from '../../../src/serde/serde.ts';
import type {StoreProvider} from '../../../src/state/committed-store.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';
import type {StreamsOptions} from '../../../src/streams/runtime/streams-app.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';
import type {StreamHeader} from '../../../src/streams/processor.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import {FastClock} from '../../support/fast-clock.ts';
import {RecordedMetrics} from '../../support/recorded-metrics.ts';
import {Crash, FaultyKafka, FaultyStores} from '../../support/faulty-kafka.ts';
import type {Faults} from '../../support/faulty-kafka.ts';
import {until} from '../../support/until.ts';
import {committedRecords, committedRows, newestByKey} from './topic-rows.ts';

export const APPLICATION_ID = 'test-app';

/** A typed record to write. */
export interface Input<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestamp?: number;
  readonly headers?: readonly StreamHeader[];
}

export interface RunOptions {
  readonly kafka?: KafkaClient;
  readonly stores?: StoreProvider;
  readonly logger?: Logger;
  readonly options?: StreamsOptions;
}

export interface RunningApp {
  readonly app: StreamsApp;
  /** Settles as `run` does. */
  readonly done: Promise<void>;
  /** Stops it as SIGTERM does. */
  stop(): Promise<void>;
}

/** An embedded log and stores in memory that outlive the apps that run on them. */
export class StreamsHarness {
  readonly kafka: EmbeddedKafka;
  readonly stores = new MemoryStoreProvider();
  readonly metrics = new RecordedMetrics();
  readonly conditions = new Conditions();
  readonly serdes: Serdes;
  readonly clock: FastClock;
  readonly #local = localSerdes();
  readonly #directory: string;
  readonly #running = new Set<RunningApp>();

  private constructor(kafka: EmbeddedKafka, directory: string, clock: FastClock) {
    this.kafka = kafka;
    this.clock = clock;
    this.#directory = directory;
    this.serdes = localOnly(this.#local);
  }

  static async open(
    log: Pick<EmbeddedKafkaOptions, 'transactionTimeoutMs'> = {},
  ): Promise<StreamsHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-streams-'));
    const clock = new FastClock();
    const kafka = await EmbeddedKafka.open({...log, directory, clock, logger: silentLogger});
    return new StreamsHarness(kafka, directory, clock);
  }

  run(topology: Topology, {kafka, stores, logger, options}: RunOptions = {}): RunningApp {
    const app = new StreamsApp({
      applicationId: APPLICATION_ID,
      topology,
      kafka: kafka ?? this.kafka,
      serdes: this.serdes,
      stores: stores ?? this.stores,
      clock: this.clock,
      logger: logger ?? silentLogger,
      metrics: this.metrics,
      conditions: this.conditions,
      options: {sessionTimeoutMs: 2000, ...options},
    });
    const stop = new AbortController();
    const done = app.run(stop.signal);
    const running: RunningApp = {
      app,
      done,
      stop: async () => {
        stop.abort();
        this.#running.delete(running);
        await done;
      },
    };
    // A test that expects the failure awaits `done`.
    done.catch(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Writes the records in one transaction. */
  async produce<K, V>(topic: Topic<K, V>, inputs: readonly Input<K, V>[]): Promise<void> {
    await this.produceTogether(
      inputs.map((input) => ({topic: topic.name, record: this.record(topic, input)})),
    );
  }

  /** Writes records of any topics in one transaction, in order, to the partitions of their keys. */
  async produceTogether(
    records: readonly {readonly topic: string; readonly record: ProducerRecord}[],
  ): Promise<void> {
    const descriptions = await this.kafka.admin.describeTopics();
    const counts = new Map(descriptions.map(({name, partitions}) => [name, partitions]));
    const batches = records.map(({topic, record}) => {
      const partition = partitionFor(record.key, counts.get(topic) ?? 1);
      return {topic, partition, records: [record]};
    });
    const producer = this.kafka.transactionalProducer('producer');
    await producer.init();
    producer.begin();
    await producer.send(batches);
    await producer.commit();
  }

  /**
   * Runs the topology until `feed` is done, again each time that it crashes; the faults belong to the first process.
   * Returns how many processes it took.
   */
  async runThroughFaults(
    topology: Topology,
    faults: Faults,
    feed: () => Promise<void>,
    {options = {}}: RunOptions = {},
  ): Promise<number> {
    let processes = 1;
    const kafka = new FaultyKafka(this.kafka, faults);
    const stores = new FaultyStores(this.stores, faults);
    let running = this.run(topology, {kafka, stores, options});
    const fed = feed().then(() => true);
    for (;;) {
      const crashed = running.done.then(
        () => false,
        (error: unknown) => {
          if (error instanceof Crash) return false;
          throw error;
        },
      );
      if (await Promise.race([crashed, fed])) {
        await running.stop();
        return processes;
      }
      running = this.run(topology, {options});
      processes++;
    }
  }

  async produceBytes(
    topic: string,
    records: readonly ProducerRecord[],
    partition = 0,
  ): Promise<void> {
    const producer = this.kafka.transactionalProducer(`producer-of-${topic}`);
    await producer.init();
    producer.begin();
    await producer.send([{topic, partition, records}]);
    await producer.commit();
  }

  record<K, V>(
    topic: Topic<K, V>,
    {key, value, timestamp = 0, headers = []}: Input<K, V>,
  ): ProducerRecord {
    return {
      key: key === null ? null : this.#local.serializer(topic.key).serialize(key),
      value: value === null ? null : this.#local.serializer(topic.value).serialize(value),
      timestamp,
      headers,
    };
  }

  async createTopics(names: readonly string[], partitions = 1): Promise<void> {
    await this.kafka.admin.ensureTopics(
      names.map((name) => ({name, partitions, cleanupPolicy: 'delete'})),
    );
  }

  /** Waits until the app has committed all that the topics hold. */
  async caughtUp(...topics: readonly {readonly name: string}[]): Promise<void> {
    const names = topics.map(({name}) => name);
    await until('the app has committed its input', () => this.#isCaughtUp(names));
  }

  /** What is committed is asked for before what there is, so that nothing can hide between two topics. */
  async #isCaughtUp(names: readonly string[]): Promise<boolean> {
    const {admin} = this.kafka;
    const descriptions = await admin.describeTopics(names);
    if (descriptions.length < names.length) return false;
    const partitions = descriptions.flatMap(({name: topic, partitions: count}) =>
      Array.from({length: count}, (_, partition) => ({topic, partition})),
    );
    const committed = await admin.committedOffsets(APPLICATION_ID, partitions);
    const fetcher = this.kafka.fetcher({isolation: 'read_committed'});
    for (const [i, partition] of partitions.entries()) {
      fetcher.assign(partition, committed[i] ?? 0);
    }
    const answers = await fetcher.poll(0);
    await fetcher.close();
    return answers.every(
      ({records, position, highWatermark}) => records.length === 0 && position === highWatermark,
    );
  }

  /** All committed records of a topic, partition by partition. */
  records(topic: string): Promise<readonly ConsumedRecord[]> {
    return committedRecords(this.kafka, topic);
  }

  /** All committed records of a topic as keys and values. */
  read<K, V>(topic: Topic<K, V>, name = topic.name): Promise<readonly (readonly [K, V | null])[]> {
    return committedRows(this.kafka, this.#local, topic, name);
  }

  /** The newest value of each key, without deleted ones. */
  async table<K, V>(topic: Topic<K, V>, name = topic.name): Promise<ReadonlyMap<K, V>> {
    return newestByKey(await this.read(topic, name));
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running].map((running) => running.stop()));
    await this.kafka.close();
    this.clock.stop();
    await rm(this.#directory, {recursive: true, force: true});
  }
}

/** Serdes whose schemas need no registry. */
export function localOnly(serdes: LocalSerdes): Serdes {
  return {
    serializer: (format) => Promise.resolve(serdes.serializer(format)),
    deserializer: (format) => serdes.deserializer(format),
    resolve: () => Promise.resolve(),
  };
}
