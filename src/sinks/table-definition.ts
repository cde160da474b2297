import {FatalError} from '../common/errors.ts';
import type {Format} from '../serde/format.ts';
import type {Schema} from '../serde/schema.ts';

/** A topic that a sink reads. */
export interface SinkTopic {
  readonly name: string;
  readonly key: Format;
  readonly value: Format;
  /** Column that a primitive key is copied to when the value does not declare it. A STRUCT's fields name their own. */
  readonly keyColumn?: string;
}

/** A topic whose columns follow from the schemas of its records. */
export interface UndeclaredTopic {
  readonly name: string;
  readonly value?: undefined;
}

/** A table in no warehouse's dialect. Sinks add columns of their own, `_offset` and the like. */
export interface TableDefinition {
  readonly name: string;
  /** The value's columns in order, then those copied from the key, then `partition`. */
  readonly columns: readonly TableColumn[];
}

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Where the column comes from: a field of the value, of a STRUCT key, a primitive key itself, or Kafka's partition. */
  readonly from: 'value' | 'key-field' | 'key' | 'partition';
}

/**
 * A column's type, and with it how the JSON of the record carries it: DATE as days and TIME, TIMESTAMP as microseconds
 * since 1970-01-01 or midnight, TIMESTAMPTZ as ISO 8601 text, BYTES as base64, DECIMAL as base64 of the unscaled
 * two's-complement number, JSON as text in a string, NESTED (array, map, struct) as JSON itself.
 */
export interface ColumnType {
  readonly kind: ColumnKind;
  /** DECIMAL only. */
  readonly precision?: number;
  readonly scale?: number;
  /** NESTED only: it is an array, for warehouses that have a type of its own for those. */
  readonly isArray?: true;
}

export type ColumnKind =
  | 'BOOLEAN'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'REAL'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'VARCHAR'
  | 'BYTES'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMPTZ'
  | 'UUID'
  | 'JSON'
  | 'NESTED';

const partitionColumn: TableColumn = {
  name: 'partition',
  type: {kind: 'INTEGER'},
  from: 'partition',
};

/** The widest decimal of Snowflake, Databricks and DuckDB. */
const maxPrecision = 38;

/** `a.b.c` → `a_b_c`: everything but letters, digits and underscores becomes an underscore, where `${topic}` stands in `format`. */
export function tableName(topic: string, format = '${topic}'): string {
  return format.replaceAll('${topic}', topic.replaceAll(/[^A-Za-z0-9_]/g, '_'));
}

/**
 * The table that a topic's records go to.
 *
 * @throws FatalError SINK_TABLE_MISMATCH when the value is no STRUCT, when two columns differ in case only (warehouses
 * fold names), when a name is one that sinks keep for themselves, or when a decimal is too wide.
 */
export function tableDefinition(topic: SinkTopic): TableDefinition {
  const value = topic.value.schema;
  if (value.type !== 'STRUCT') {
    throw mismatch(topic, `its value is ${value.type}, and a row needs a STRUCT`);
  }
  const columns = columnsOf(topic, value, 'value');
  const declared = new Set(columns.map(({name}) => fold(name)));
  const key = topic.key.schema;
  const keyColumns =
    key.type === 'STRUCT'
      ? columnsOf(topic, key, 'key-field')
      : topic.keyColumn === undefined
        ? []
        : [
            {
              name: topic.keyColumn,
              type: columnType(topic, topic.keyColumn, key),
              from: 'key' as const,
            },
          ];
  columns.push(...keyColumns.filter(({name}) => !declared.has(fold(name))));
  columns.push(partitionColumn);
  const seen = new Map<string, string>();
  for (const {name} of columns) {
    const other = seen.get(fold(name));
    if (other !== undefined) {
      throw mismatch(topic, `columns "${other}" and "${name}" are one to a warehouse; rename one`);
    }
    if (name === '' || ownColumns.has(fold(name))) {
      throw mismatch(
        topic,
        `column "${name}" has a name that sinks keep for themselves; rename it`,
      );
    }
    seen.set(fold(name), name);
  }
  return {name: tableName(topic.name), columns};
}

/**
 * The table of each topic, named by `table.name.format`; of one that is not declared what is known before its first record.
 *
 * @throws FatalError SINK_TABLE_MISMATCH also when two topics share one table.
 */
export function tableDefinitions(
  topics: readonly (SinkTopic | UndeclaredTopic)[],
  format: string,
): Map<string, TableDefinition> {
  const tables = new Map<string, TableDefinition>();
  const topicOf = new Map<string, string>();
  for (const topic of topics) {
    const columns = topic.value === undefined ? [partitionColumn] : tableDefinition(topic).columns;
    const table = {name: tableName(topic.name, format), columns};
    const other = topicOf.get(fold(table.name));
    if (other !== undefined) {
      throw mismatch(
        topic,
        `topic ${other} goes to table ${table.name} too; set another "table.name.format", or give one of them a sink of its own`,
      );
    }
    topicOf.set(fold(table.name), topic.name);
    tables.set(topic.name, table);
  }
  return tables;
}

/** Columns that sinks add for themselves, in their tables or on the way there. */
const ownColumns: ReadonlySet<string> = new Set([
  '_offset',
  '_key',
  '_key_hash',
  '_key_text',
  '_k',
  '_topic',
]);

const fold = (name: string): string => name.toLowerCase();

function columnsOf(topic: SinkTopic, schema: Schema, from: 'value' | 'key-field'): TableColumn[] {
  return Object.entries(schema.fields ?? {}).map(([name, field]) => ({
    name,
    type: columnType(topic, name, field),
    from,
  }));
}

function columnType(topic: SinkTopic, name: string, schema: Schema): ColumnType {
  switch (schema.type) {
    case 'BOOLEAN':
    case 'SMALLINT':
    case 'REAL':
    case 'DOUBLE':
      return {kind: schema.type};
    case 'INTEGER':
      return {kind: schema.name === 'io.debezium.time.Date' ? 'DATE' : 'INTEGER'};
    case 'BIGINT':
      if (schema.name === 'io.debezium.time.MicroTime') return {kind: 'TIME'};
      return {kind: schema.name === 'io.debezium.time.MicroTimestamp' ? 'TIMESTAMP' : 'BIGINT'};
    case 'VARCHAR':
      return {kind: textKinds.get(schema.name ?? '') ?? 'VARCHAR'};
    case 'BYTES':
      return {kind: 'BYTES'};
    case 'DECIMAL':
      return decimalType(topic, name, schema);
    case 'ARRAY':
      return {kind: 'NESTED', isArray: true};
    case 'MAP':
    case 'STRUCT':
      break;
  }
  return {kind: 'NESTED'};
}

const textKinds: ReadonlyMap<string, ColumnKind> = new Map([
  ['io.debezium.time.ZonedTimestamp', 'TIMESTAMPTZ'],
  ['io.debezium.data.Json', 'JSON'],
  ['io.debezium.data.Uuid', 'UUID'],
]);

function decimalType(topic: SinkTopic, name: string, schema: Schema): ColumnType {
  const scale = schema.scale ?? 0;
  const precision = Number(schema.parameters?.['connect.decimal.precision'] ?? maxPrecision);
  if (precision > maxPrecision || scale < 0 || scale > precision) {
    throw mismatch(
      topic,
      `column "${name}" is DECIMAL(${precision},${scale}), and warehouses hold at most ${maxPrecision} digits; send it as VARCHAR`,
    );
  }
  return {kind: 'DECIMAL', precision, scale};
}

function mismatch(topic: {readonly name: string}, reason: string): FatalError {
  return new FatalError(
    'SINK_TABLE_MISMATCH',
    `topic ${topic.name} cannot become a table: ${reason}`,
  );
}
