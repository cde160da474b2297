import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../../src/common/clock.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import type {ConsumedRecord, KafkaClient, ProducerRecord} from '../../../src/kafka/client.ts';
import {localSerdes} from '../../../src/serde/local-serdes.ts';
import type {Serdes} from '../../../src/serde/serde.ts';
import type {StoreProvider} from '../../../src/state/committed-store.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {StreamsApp} from '../../../src/streams/runtime/streams-app.ts';
import type {StreamsOptions} from '../../../src/streams/runtime/streams-app.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';
import type {StreamHeader} from '../../../src/streams/processor.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import {RecordedMetrics} from '../../support/recorded-metrics.ts';
import {Crash, FaultyKafka, FaultyStores} from '../../support/faulty-kafka.ts';
import type {Faults} from '../../support/faulty-kafka.ts';
import {until} from '../../support/until.ts';

export const APPLICATION_ID = 'test-app';

/** A typed record to write. */
export interface Input<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestamp?: number;
  readonly headers?: readonly StreamHeader[];
  readonly partition?: number;
}

export interface RunOptions {
  readonly kafka?: KafkaClient;
  readonly stores?: StoreProvider;
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
  readonly #local = localSerdes();
  readonly #directory: string;
  readonly #running = new Set<RunningApp>();

  private constructor(kafka: EmbeddedKafka, directory: string) {
    this.kafka = kafka;
    this.#directory = directory;
    this.serdes = {
      serializer: (format) => Promise.resolve(this.#local.serializer(format)),
      deserializer: (format) => this.#local.deserializer(format),
      resolve: () => Promise.resolve(),
    };
  }

  static async open(): Promise<StreamsHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-streams-'));
    const kafka = await EmbeddedKafka.open({
      directory,
      clock: systemClock,
      logger: silentLogger,
    });
    return new StreamsHarness(kafka, directory);
  }

  run(topology: Topology, {kafka, stores, options}: RunOptions = {}): RunningApp {
    const app = new StreamsApp({
      applicationId: APPLICATION_ID,
      topology,
      kafka: kafka ?? this.kafka,
      serdes: this.serdes,
      stores: stores ?? this.stores,
      clock: systemClock,
      logger: silentLogger,
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
    const records = inputs.map((input) => this.record(topic, input));
    await this.produceBytes(topic.name, records, inputs[0]?.partition);
  }

  /** Writes records of any topics in one transaction, in order. */
  async produceTogether(
    records: readonly {readonly topic: string; readonly record: ProducerRecord}[],
  ): Promise<void> {
    const producer = this.kafka.transactionalProducer('producer');
    await producer.init();
    producer.begin();
    for (const {topic, record} of records) {
      await producer.send([{topic, partition: 0, records: [record]}]);
    }
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
    const {admin} = this.kafka;
    await until('the app has committed its input', async () => {
      const descriptions = await admin.describeTopics(topics.map(({name}) => name));
      if (descriptions.length < topics.length) return false;
      const partitions = descriptions.flatMap(({name: topic, partitions: count}) =>
        Array.from({length: count}, (_, partition) => ({topic, partition})),
      );
      const ends = await admin.offsets(partitions);
      const committed = await admin.committedOffsets(APPLICATION_ID, partitions);
      // Control records after the last record are not worth a commit.
      return ends.every(
        ({latest, earliest}, i) => latest === earliest || (committed[i] ?? -1) >= latest - 1,
      );
    });
  }

  /** All committed records of a topic, partition by partition. */
  async records(topic: string): Promise<readonly ConsumedRecord[]> {
    const {admin} = this.kafka;
    const [description] = await admin.describeTopics([topic]);
    if (description === undefined) return [];
    const found: ConsumedRecord[] = [];
    for (let partition = 0; partition < description.partitions; partition++) {
      const fetcher = this.kafka.fetcher({isolation: 'read_committed'});
      const [offsets] = await admin.offsets([{topic, partition}]);
      fetcher.assign({topic, partition}, offsets?.earliest ?? 0);
      for (;;) {
        const [answer] = await fetcher.poll(0);
        found.push(...(answer?.records ?? []));
        if ((answer?.position ?? 0) >= (answer?.lastStableOffset ?? 0)) break;
      }
      await fetcher.close();
    }
    return found;
  }

  /** All committed records of a topic as keys and values. */
  async read<K, V>(
    topic: Topic<K, V>,
    name = topic.name,
  ): Promise<readonly (readonly [K, V | null])[]> {
    const keys = this.#local.deserializer(topic.key);
    const values = this.#local.deserializer(topic.value);
    return (await this.records(name)).map(({key, value}) => [
      keys.deserialize(key as Buffer) as K,
      value === null ? null : (values.deserialize(value) as V),
    ]);
  }

  /** The newest value of each key, without deleted ones. */
  async table<K, V>(topic: Topic<K, V>, name = topic.name): Promise<ReadonlyMap<K, V>> {
    const rows = new Map<K, V>();
    for (const [key, value] of await this.read(topic, name)) {
      if (value === null) rows.delete(key);
      else rows.set(key, value);
    }
    return rows;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running].map((running) => running.stop()));
    await this.kafka.close();
    await rm(this.#directory, {recursive: true, force: true});
  }
}
