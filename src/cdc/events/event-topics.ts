import {FatalError} from '../../common/errors.ts';
import type {TopicAdmin} from '../../kafka/client.ts';
import {toJsonSchema} from '../../serde/json-schema.ts';
import type {SchemaRegistry} from '../../serde/registry/schema-registry.ts';
import type {Schema} from '../../serde/schema.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';

export interface EventTopicsOptions {
  readonly keyFormat: 'JSON' | 'JSON_SR';
  readonly valueFormat: 'JSON' | 'JSON_SR';
  /** Of the topics that it creates. */
  readonly numPartitions: number;
  readonly replicationFactor: number;
}

/** What stands before a key and a value: Confluent's five bytes, nothing for plain JSON. */
export interface SchemaHeaders {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NO_HEADER = new Uint8Array(0);

/** The topics that one connector writes events to, and the schema ids of what it writes there. */
export class EventTopics {
  readonly #options: EventTopicsOptions;
  readonly #admin: TopicAdmin;
  readonly #registry: SchemaRegistry;
  readonly #topics = new Map<string, EventTopic>();
  #targets = 0;

  constructor(options: EventTopicsOptions, admin: TopicAdmin, registry: SchemaRegistry) {
    this.#options = options;
    this.#admin = admin;
    this.#registry = registry;
  }

  /**
   * The topic of this name; created where there is none, else taken as it is, as Debezium does. `table` is what metrics
   * count its records under.
   *
   * @throws FatalError where another table has the topic: their events could not be told apart.
   */
  async topic(name: string, table: string | undefined): Promise<EventTopic> {
    const known = this.#topics.get(name);
    if (known !== undefined) {
      const other = known.targets[0]?.table;
      if (other !== table) throw topicCollision(name, other, table);
      return known;
    }
    const {numPartitions, replicationFactor} = this.#options;
    const [existing] = await this.#admin.describeTopics([name]);
    const {partitions} = existing ?? {partitions: numPartitions};
    if (existing === undefined) {
      await this.#admin.ensureTopics([
        {name, partitions, cleanupPolicy: 'delete', replicationFactor},
      ]);
    }
    const targets = Array.from({length: partitions}, (_, partition): EventTarget => {
      return {topic: name, partition, id: this.#targets++, table};
    });
    const topic = {name, targets};
    this.#topics.set(name, topic);
    return topic;
  }

  /** Registers the schemas of `topic`; a key that there is none of has no header. */
  async schemaHeaders(
    {name}: EventTopic,
    schemas: {readonly key: Schema | undefined; readonly value: Schema},
  ): Promise<SchemaHeaders> {
    const {keyFormat, valueFormat} = this.#options;
    return {
      key: await this.#header(keyFormat, `${name}-key`, schemas.key),
      value: await this.#header(valueFormat, `${name}-value`, schemas.value),
    };
  }

  /** Confluent's five bytes: zero, then the schema id. */
  async #header(
    format: 'JSON' | 'JSON_SR',
    subject: string,
    schema: Schema | undefined,
  ): Promise<Uint8Array> {
    if (format === 'JSON' || schema === undefined) return NO_HEADER;
    const id = await this.#registry.register(subject, toJsonSchema(schema));
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    return header;
  }
}

/** Two tables that come to one topic. */
export function topicCollision(
  topic: string,
  one: string | undefined,
  other: string | undefined,
): FatalError {
  return new FatalError(
    'CDC_TOPIC_COLLISION',
    `${one ?? 'something else'} and ${other ?? 'something else'} would both be written to the topic ${topic}, because Kafka does not allow every character in names; leave one of them out with table.exclude.list, or rename it`,
  );
}
