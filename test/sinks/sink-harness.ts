import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../src/common/clock.ts';
import type {Clock} from '../../src/common/clock.ts';
import {Conditions} from '../../src/common/conditions.ts';
import {silentLogger} from '../../src/common/logger.ts';
import type {ConsumedRecord, KafkaClient, ProducerRecord} from '../../src/kafka/client.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {json, jsonSr} from '../../src/serde/format.ts';
import {localSerdes} from '../../src/serde/local-serdes.ts';
import {bigint, notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Serdes} from '../../src/serde/serde.ts';
import type {SinkConnectorOptions} from '../../src/sinks/connector-options.ts';
import {SinkConnector} from '../../src/sinks/sink-connector.ts';
import type {WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {RecordedMetrics} from '../support/recorded-metrics.ts';

const Order = struct({order_id: notNull(varchar()), size: varchar(), count: bigint()});

export const orders = {
  name: 'orders',
  key: json(notNull(varchar())),
  value: jsonSr(Order),
} as const;

export interface OrderValue {
  readonly order_id: string;
  readonly size: string | null;
  readonly count: bigint | null;
}

export interface RunOptions {
  readonly options?: Partial<SinkConnectorOptions>;
  readonly kafka?: KafkaClient;
  readonly clock?: Clock;
}

/** A connector that runs until `stop`. */
export interface RunningSink {
  readonly connector: SinkConnector;
  readonly conditions: Conditions;
  /** Settles as `run` does. */
  readonly done: Promise<void>;
  /** Stops it as SIGTERM does. */
  stop(): Promise<void>;
}

/** An embedded log with the topic `orders`, and the sinks that run on it. */
export class SinkHarness {
  readonly kafka: EmbeddedKafka;
  readonly metrics = new RecordedMetrics();
  readonly serdes: Serdes;
  /** Schema texts by id, for topics that are not declared. */
  readonly schemas = new Map<number, string>();
  readonly #directory: string;
  readonly #running = new Set<RunningSink>();
  readonly #local = localSerdes();

  private constructor(kafka: EmbeddedKafka, directory: string) {
    this.kafka = kafka;
    this.#directory = directory;
    this.serdes = {
      serializer: (format) => Promise.resolve(this.#local.serializer(format)),
      deserializer: (format) => this.#local.deserializer(format),
      resolve: () => Promise.resolve(),
    };
  }

  get registry() {
    return {byId: (id: number) => Promise.resolve(this.schemas.get(id))};
  }

  /** `directory` has the log, which may be there already; it is removed at the end. */
  static async open(
    partitions = 1,
    directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-')),
  ): Promise<SinkHarness> {
    const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
    await kafka.admin.ensureTopics([{name: orders.name, partitions, cleanupPolicy: 'delete'}]);
    return new SinkHarness(kafka, directory);
  }

  run(sink: WarehouseSink, {options, kafka, clock}: RunOptions = {}): RunningSink {
    const conditions = new Conditions();
    const connector = new SinkConnector({
      options: {
        applicationId: 'test',
        name: 'local',
        topics: [orders],
        tableNameFormat: '${topic}',
        insertMode: 'append',
        deleteEnabled: true,
        autoCreate: true,
        autoEvolve: 'evolve',
        limits: {batchSize: 1000, bufferBytes: 1 << 20, lingerMs: 0},
        errorsTolerance: 'none',
        deadLetterTopic: undefined,
        maxRetries: undefined,
        retryBackoffMs: 500,
        numPartitions: 1,
        replicationFactor: 1,
        ...options,
      },
      sink,
      kafka: kafka ?? this.kafka,
      serdes: this.serdes,
      registry: this.registry,
      clock: clock ?? systemClock,
      logger: silentLogger,
      metrics: this.metrics,
      conditions,
    });
    const end = new AbortController();
    const done = connector.run(end.signal);
    const running: RunningSink = {
      connector,
      conditions,
      done,
      stop: async () => {
        end.abort();
        this.#running.delete(running);
        await done;
      },
    };
    // A test that expects the failure awaits `done`.
    done.catch(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** The record of an order; null is its tombstone. */
  record(id: string, value: Partial<OrderValue> | null = {}, timestamp = 1_000): ProducerRecord {
    const order = {order_id: id, size: null, count: null, ...value};
    return {
      key: this.#local.serializer(orders.key).serialize(id),
      value: value === null ? null : this.#local.serializer(orders.value).serialize(order),
      timestamp,
      headers: [],
    };
  }

  /** Appends the records in one committed transaction. */
  async produce(
    records: readonly ProducerRecord[],
    {
      topic = orders.name,
      partition = 0,
    }: {readonly topic?: string; readonly partition?: number} = {},
  ): Promise<void> {
    const producer = this.kafka.transactionalProducer('producer');
    await producer.init();
    producer.begin();
    await producer.send([{topic, partition, records}]);
    await producer.commit();
  }

  async read(topic: string, partition = 0): Promise<readonly ConsumedRecord[]> {
    const of = {topic, partition};
    const [offsets] = await this.kafka.admin.offsets([of]);
    const fetcher = this.kafka.fetcher({isolation: 'read_committed'});
    fetcher.assign(of, offsets?.earliest ?? 0);
    const records: ConsumedRecord[] = [];
    while ((fetcher.position(of) ?? 0) < (offsets?.latest ?? 0)) {
      for (const answer of await fetcher.poll(1000)) records.push(...answer.records);
    }
    await fetcher.close();
    return records;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running].map((running) => running.stop()));
    await this.kafka.close();
    rmSync(this.#directory, {recursive: true, force: true});
  }
}
