import type {Clock} from '../../common/clock.ts';
import {RetriableError, ServiceError} from '../../common/errors.ts';
import {Turns} from '../../common/turns.ts';
import type {
  Fetcher,
  KafkaClient,
  TopicPartition,
  TransactionalProducer,
} from '../../kafka/client.ts';
import {RegisteredSchemas} from './registered-schemas.ts';
import type {Compatibility, SchemaRegistry} from './schema-registry.ts';
import {applySchemasRecord, configRecord, schemaRecord} from './schemas-topic.ts';
import type {SchemasRecord} from './schemas-topic.ts';

export interface EmbeddedRegistryOptions {
  readonly kafka: KafkaClient;
  readonly clock: Clock;
  /** Default: `_schemas`. One partition, compacted; created when it is missing. */
  readonly topic?: string;
  /** Of the topic. Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number;
}

/**
 * Who was fenced waits this long for each time it was, so that who fenced it can finish: a write takes a few
 * milliseconds, to a distant cluster a few hundred. Two that never waited would fence each other for ever.
 */
const backOffMs = 100;
const maxFenced = 10;

const catchUpMs = 30_000;

/**
 * A Schema Registry in this process that keeps its schemas in a Kafka topic, in Confluent's record shape.
 *
 * Several instances may share the topic: who writes takes the transactional producer over, which fences the others,
 * and reads the topic to its end before it hands out an id. So an id is never given twice.
 */
export class EmbeddedRegistry implements SchemaRegistry {
  readonly #kafka: KafkaClient;
  readonly #clock: Clock;
  readonly #partition: TopicPartition;
  readonly #fetcher: Fetcher;
  readonly #schemas = new RegisteredSchemas();
  /** Undefined until the first write, and after a failure: its successor reads the topic again first. */
  #producer: TransactionalProducer | undefined;
  readonly #closing = new AbortController();
  /** Ends when all operations begun have ended. */
  readonly #turns = new Turns();

  private constructor({kafka, clock, topic = '_schemas'}: EmbeddedRegistryOptions) {
    this.#kafka = kafka;
    this.#clock = clock;
    this.#partition = {topic, partition: 0};
    this.#fetcher = kafka.fetcher({isolation: 'read_committed'});
  }

  /** Creates the topic where it is missing, and reads it. */
  static async open(options: EmbeddedRegistryOptions): Promise<EmbeddedRegistry> {
    const {topic: name = '_schemas', replicationFactor} = options;
    await options.kafka.admin.ensureTopics([
      {name, partitions: 1, cleanupPolicy: 'compact', replicationFactor},
    ]);
    const registry = new EmbeddedRegistry(options);
    const [offsets] = await options.kafka.admin.offsets([registry.#partition]);
    registry.#fetcher.assign(registry.#partition, offsets?.earliest ?? 0);
    await registry.#turns.run(() => registry.#catchUp('stable'));
    return registry;
  }

  async register(subject: string, schema: string): Promise<number> {
    const registered = (): number | undefined => this.#schemas.idUnder(subject, schema);
    return (
      registered() ??
      this.#turns.run(async () => {
        await this.#write(() =>
          registered() === undefined
            ? schemaRecord(this.#schemas.next(subject, schema))
            : undefined,
        );
        return registered() as number;
      })
    );
  }

  async byId(id: number): Promise<string | undefined> {
    return (
      this.#schemas.byId(id) ??
      this.#turns.run(async () => {
        await this.#catchUp('stable');
        return this.#schemas.byId(id);
      })
    );
  }

  compatibility(subject: string): Promise<Compatibility> {
    return this.#turns.run(async () => {
      await this.#catchUp('stable');
      return this.#schemas.compatibility(subject);
    });
  }

  setCompatibility(subject: string, level: Compatibility): Promise<void> {
    return this.#turns.run(() => this.#write(() => configRecord(subject, level)));
  }

  /** Lets what has been begun fail or finish; the Kafka client stays open. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turns.run(() => this.#fetcher.close());
  }

  /** Writes what `decide` makes of the whole topic; it may be asked again after another instance has written. */
  async #write(decide: () => SchemasRecord | undefined): Promise<void> {
    for (let attempt = 1; attempt <= maxFenced; attempt++) {
      const producer = this.#producer ?? (await this.#takeOver());
      const record = decide();
      if (record === undefined) return;
      try {
        producer.begin();
        await producer.send([
          {
            ...this.#partition,
            records: [{...record, timestamp: this.#clock.now(), headers: []}],
          },
        ]);
        await producer.commit();
        await this.#catchUp('latest');
        return;
      } catch (error) {
        this.#producer = undefined;
        if (!isFenced(error)) throw error;
        await this.#clock.sleep(attempt * backOffMs, this.#closing.signal);
      }
    }
    throw new RetriableError(
      'KAFKA_PRODUCER_FENCED',
      `other instances keep taking over topic ${this.#partition.topic} of the embedded schema registry; run fewer, or use one registry for all`,
    );
  }

  async #takeOver(): Promise<TransactionalProducer> {
    const producer = this.#kafka.transactionalProducer(`${this.#partition.topic}-registry`);
    await producer.init();
    await this.#catchUp('latest');
    this.#producer = producer;
    return producer;
  }

  /**
   * Reads the topic to where it ends now: `latest` waits for transactions that are being ended, as who writes must;
   * `stable` goes no further than the first open one, which a dead instance may have left behind.
   */
  async #catchUp(through: 'latest' | 'stable'): Promise<void> {
    const [offsets] = await this.#kafka.admin.offsets([this.#partition]);
    const end = offsets?.[through] ?? 0;
    const deadline = this.#clock.now() + catchUpMs;
    const {signal} = this.#closing;
    while ((this.#fetcher.position(this.#partition) ?? 0) < end) {
      const answers = await this.#fetcher.poll(100, signal);
      for (const {records} of answers) {
        for (const record of records) applySchemasRecord(this.#schemas, record);
      }
      this.#giveUpAfter(deadline);
      // A fetcher whose client is closed answers at once, with nothing.
      if (answers.length === 0) await this.#clock.yield();
    }
  }

  #giveUpAfter(deadline: number): void {
    if (this.#closing.signal.aborted) {
      throw new RetriableError('KAFKA_UNREACHABLE', 'the embedded schema registry is closed');
    }
    if (this.#clock.now() > deadline) {
      throw new RetriableError(
        'KAFKA_UNREACHABLE',
        `the end of topic ${this.#partition.topic} was not reached in ${catchUpMs} ms; see whether a transaction on it is left open`,
      );
    }
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'KAFKA_PRODUCER_FENCED';
}
