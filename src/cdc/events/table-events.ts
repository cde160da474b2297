import type {Schema} from '../../serde/schema.ts';
import type {Relation} from '../replication-source.ts';
import {changeEventSchemas} from './change-event-schema.ts';
import type {ChangeEventSchemas} from './change-event-schema.ts';
import type {ColumnTypes} from './column-types.ts';
import type {DebeziumProfile} from './debezium-profile.ts';
import type {RowForm} from './event-form.ts';
import {rowLayout} from './row-layout.ts';
import type {ColumnLayout, ReportColumn, RowLayout} from './row-layout.ts';
import {topicName} from './topic-name.ts';

export interface TableEventsOptions {
  readonly topicPrefix: string;
  readonly types: ColumnTypes;
  readonly profile: DebeziumProfile;
  readonly rows: RowForm;
  /** What events are keyed by. */
  readonly keyColumns: readonly string[];
}

/** What the events of one table are like, and where they go. */
export interface TableEvents {
  readonly topic: string;
  readonly layout: RowLayout;
  readonly schemas: ChangeEventSchemas;
}

/** @throws FatalError CDC_TABLE_WITHOUT_KEY where a column of the key has no type in events. */
export function tableEvents(
  relation: Relation,
  {topicPrefix, types, profile, rows, keyColumns}: TableEventsOptions,
  report: ReportColumn,
): TableEvents {
  const {schema, table} = relation;
  const layout = rowLayout(relation, types, report, keyColumns);
  const schemas = changeEventSchemas(
    `${topicPrefix}.${schema}.${table}`,
    layout.columns.map(named),
    layout.key.map(named),
    {profile, rows},
  );
  return {topic: topicName(topicPrefix, schema, table), layout, schemas};
}

/** Warns of a column that is left out. */
export function leftOut(relation: Relation, column: string, type: string): string {
  const {schema, table} = relation;
  return `${schema}.${table}.${column}: the type ${type} is not supported; the column is left out`;
}

function named({name, schema}: ColumnLayout): readonly [string, Schema] {
  return [name, schema];
}
