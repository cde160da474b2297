import {ColumnTypes} from './column-types.ts';
import type {EventTopics} from './event-topics.ts';
import type {MessageKeyColumns} from './message-key-columns.ts';
import type {Relation} from '../replication-source.ts';
import type {OnceWarnings} from '../once-warnings.ts';
import {TableEncoder} from './table-encoder.ts';
import type {EncoderParts} from './table-encoder.ts';
import {leftOut, tableEvents} from './table-events.ts';
import type {TypeHandling} from './types/type-handling.ts';

export interface TableEncodersOptions {
  readonly topicPrefix: string;
  readonly types: TypeHandling;
  /** Absent: each table's own key. */
  readonly messageKeyColumns?: MessageKeyColumns | undefined;
}

/**
 * The encoder of each relation. `prepare` does once per shape what needs the network (topic, schema ids), so that
 * encoding is synchronous.
 */
export class TableEncoders {
  readonly #topicPrefix: string;
  readonly #parts: EncoderParts;
  readonly #topics: EventTopics;
  readonly #warnings: OnceWarnings;
  readonly #types: ColumnTypes;
  readonly #messageKeyColumns: MessageKeyColumns | undefined;
  readonly #encoders = new Map<Relation, TableEncoder>();
  readonly #tables = new Set<string>();

  constructor(
    {topicPrefix, types, messageKeyColumns}: TableEncodersOptions,
    parts: EncoderParts,
    topics: EventTopics,
    warnings: OnceWarnings,
  ) {
    this.#topicPrefix = topicPrefix;
    this.#types = new ColumnTypes(types);
    this.#messageKeyColumns = messageKeyColumns;
    this.#parts = parts;
    this.#topics = topics;
    this.#warnings = warnings;
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
    const {schema, table} = relation;
    const {context, form} = this.#parts;
    const events = tableEvents(
      relation,
      {
        topicPrefix: this.#topicPrefix,
        types: this.#types,
        profile: context.profile,
        rows: form.rows,
        keyColumns: this.#keyColumns(relation),
      },
      (column, text) => this.#warn(relation, column.name, column.typeName, text),
    );
    const {layout, schemas} = events;
    const topic = await this.#topics.topic(events.topic, `${schema}.${table}`);
    const headers = await this.#topics.schemaHeaders(topic, schemas);
    const encoder = new TableEncoder(relation, layout, topic, headers, this.#parts);
    for (const known of this.#encoders.keys()) {
      if (known.oid === relation.oid) this.#encoders.delete(known);
    }
    this.#encoders.set(relation, encoder);
    this.#tables.add(`${relation.schema}.${relation.table}`);
    return encoder;
  }

  #keyColumns(relation: Relation): readonly string[] {
    const key = this.#messageKeyColumns?.(relation);
    if (key === undefined) return relation.primaryKey;
    const {schema, table, primaryKey, replicaIdentity} = relation;
    const name = `${schema}.${table}`;
    const isKnown =
      replicaIdentity === 'full' || key.every((column) => primaryKey.includes(column));
    if (!isKnown)
      this.#warnings.warn(
        name,
        {table: name, key},
        () =>
          `${name}: message.key.columns names ${key.join(', ')}, which a delete does not bring with this replica identity: its key then has nulls and zeros; run ALTER TABLE ${name} REPLICA IDENTITY FULL`,
      );
    return key;
  }

  #warn(relation: Relation, column: string, type: string, text: string | undefined): void {
    const where = `${relation.schema}.${relation.table}.${column}`;
    const fields = {table: `${relation.schema}.${relation.table}`, column, type};
    this.#warnings.warn(`${where} ${type} ${text === undefined}`, fields, () =>
      text === undefined
        ? leftOut(relation, column, type)
        : `${where}: ${type} value ${shown(type, text)}has no form in a change event; it is written as null, and further ones without a warning`,
    );
  }
}

/** Of numbers and times; what is in an array may be nobody's business. */
function shown(type: string, text: string): string {
  return type.startsWith('_') ? '' : `${text.slice(0, 60)} `;
}
