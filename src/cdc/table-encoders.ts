import type {Logger} from '../common/logger.ts';
import type {TopicAdmin} from '../kafka/client.ts';
import {toJsonSchema} from '../serde/json-schema.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';
import type {Schema} from '../serde/schema.ts';
import {ColumnTypes} from './column-types.ts';
import {changeEventSchemas} from './change-event-schema.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';
import type {Relation} from './replication-source.ts';
import {rowLayout} from './row-layout.ts';
import type {ColumnLayout} from './row-layout.ts';
import {TableEncoder} from './table-encoder.ts';
import type {EncoderParts} from './table-encoder.ts';
import {topicName} from './topic-name.ts';
import type {TypeHandling} from './types/type-handling.ts';

export interface TableEncodersOptions {
  readonly topicPrefix: string;
  readonly keyFormat: 'JSON' | 'JSON_SR';
  readonly valueFormat: 'JSON' | 'JSON_SR';
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly types: TypeHandling;
}

const NO_HEADER = new Uint8Array(0);

/**
 * The encoder of each relation. `prepare` does once per shape what needs the network (topic, schema ids), so that
 * encoding is synchronous.
 */
export class TableEncoders {
  readonly #options: TableEncodersOptions;
  readonly #parts: EncoderParts;
  readonly #admin: TopicAdmin;
  readonly #registry: SchemaRegistry;
  readonly #logger: Logger;
  readonly #types: ColumnTypes;
  readonly #encoders = new Map<Relation, TableEncoder>();
  readonly #topics = new Map<string, EventTopic>();
  readonly #tables = new Set<string>();
  readonly #warned = new Set<string>();
  #targets = 0;

  constructor(
    options: TableEncodersOptions,
    parts: EncoderParts,
    admin: TopicAdmin,
    registry: SchemaRegistry,
    logger: Logger,
  ) {
    this.#options = options;
    this.#types = new ColumnTypes(options.types);
    this.#parts = parts;
    this.#admin = admin;
    this.#registry = registry;
    this.#logger = logger;
  }

  /** `schema.table` of all that were prepared. */
  get tables(): ReadonlySet<string> {
    return this.#tables;
  }

  /** Undefined until the relation is prepared. */
  get(relation: Relation): TableEncoder | undefined {
    return this.#encoders.get(relation);
  }

  /** @throws FatalError when the topic has another shape, the registry refuses a schema, or the key has no type. */
  async prepare(relation: Relation): Promise<TableEncoder> {
    const {topicPrefix, keyFormat, valueFormat} = this.#options;
    const layout = rowLayout(relation, this.#types, (column, text) =>
      this.#warn(relation, column.name, column.typeName, text),
    );
    const name = `${topicPrefix}.${relation.schema}.${relation.table}`;
    const schemas = changeEventSchemas(
      name,
      layout.columns.map(named),
      layout.key.map(named),
      this.#parts.afterStateOnly,
    );
    const topic = await this.#topic(relation);
    const headers = {
      key: await this.#header(keyFormat, `${topic.name}-key`, schemas.key),
      value: await this.#header(valueFormat, `${topic.name}-value`, schemas.value),
    };
    const encoder = new TableEncoder(relation, layout, topic, headers, this.#parts);
    for (const known of this.#encoders.keys()) {
      if (known.oid === relation.oid) this.#encoders.delete(known);
    }
    this.#encoders.set(relation, encoder);
    this.#tables.add(`${relation.schema}.${relation.table}`);
    return encoder;
  }

  async #topic(relation: Relation): Promise<EventTopic> {
    const {topicPrefix, numPartitions, replicationFactor} = this.#options;
    const name = topicName(topicPrefix, relation.schema, relation.table);
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    // A topic that is there already is taken as it is, as Debezium does.
    const [existing] = await this.#admin.describeTopics([name]);
    const {partitions} = existing ?? {partitions: numPartitions};
    if (existing === undefined) {
      await this.#admin.ensureTopics([
        {name, partitions, cleanupPolicy: 'delete', replicationFactor},
      ]);
    }
    const table = `${relation.schema}.${relation.table}`;
    const targets = Array.from({length: partitions}, (_, partition): EventTarget => {
      return {topic: name, partition, id: this.#targets++, table};
    });
    const topic = {name, targets};
    this.#topics.set(name, topic);
    return topic;
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

  #warn(relation: Relation, column: string, type: string, text: string | undefined): void {
    const where = `${relation.schema}.${relation.table}.${column}`;
    const seen = `${where} ${type} ${text === undefined}`;
    if (this.#warned.has(seen)) return;
    this.#warned.add(seen);
    const fields = {table: `${relation.schema}.${relation.table}`, column, type};
    if (text === undefined) {
      this.#logger.warn(
        fields,
        `${where}: the type ${type} is not supported; the column is left out`,
      );
    } else {
      this.#logger.warn(
        fields,
        `${where}: ${type} value ${text.slice(0, 60)} has no form in a change event; it is written as null, and further ones without a warning`,
      );
    }
  }
}

function named({name, schema}: ColumnLayout): readonly [string, Schema] {
  return [name, schema];
}
