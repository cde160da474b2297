import {bigint, notNull, nullable, struct, varchar} from '../../serde/schema.ts';
import type {Fields, Schema} from '../../serde/schema.ts';
import type {DebeziumProfile} from './debezium-profile.ts';
import type {RowForm} from './event-form.ts';

/** The schemas of one table's change events, named as Debezium names them. */
export interface ChangeEventSchemas {
  /** Undefined without a key. */
  readonly key: Schema | undefined;
  readonly value: Schema;
}

type NamedColumn = readonly [name: string, schema: Schema];

/** `name` is `<topic.prefix>.<schema>.<table>`; the columns are in the order of the table, the key's in key order. */
export function changeEventSchemas(
  name: string,
  columns: readonly NamedColumn[],
  keyColumns: readonly NamedColumn[],
  {profile, rows}: {readonly profile: DebeziumProfile; readonly rows: RowForm},
): ChangeEventSchemas {
  const key =
    keyColumns.length === 0 ? undefined : struct(fieldsOf(keyColumns), {name: `${name}.Key`});
  if (rows === 'envelope') return {key, value: envelope(name, columns, profile)};
  const fields = fieldsOf(rows === 'row' ? columns : [...columns, ['__deleted', varchar()]]);
  return {key, value: struct(fields, {name: `${name}.Value`})};
}

function envelope(name: string, columns: readonly NamedColumn[], profile: DebeziumProfile): Schema {
  const row = nullable(struct(fieldsOf(columns), {name: `${name}.Value`}));
  const op = notNull(varchar());
  const ts_ms = bigint();
  const source = sourceSchema[profile];
  const transaction = transactionBlock[profile];
  if (profile === '1')
    return struct(
      {before: row, after: row, source, op, ts_ms, transaction},
      {name: `${name}.Envelope`},
    );
  return struct(
    {before: row, after: row, source, transaction, op, ts_ms, ts_us: bigint(), ts_ns: bigint()},
    {name: `${name}.Envelope`, version: 2},
  );
}

/** Defines properties, so that a column called `__proto__` is one. */
function fieldsOf(columns: readonly NamedColumn[]): Fields {
  return Object.fromEntries(columns);
}

function snapshotMarker(allowed: string): Schema {
  return {
    ...varchar(),
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: {allowed},
    default: 'false',
  };
}

/** The `source` of every event that comes from the WAL or a snapshot. */
export const sourceSchema: Readonly<Record<DebeziumProfile, Schema>> = {
  3: struct(
    {
      version: notNull(varchar()),
      connector: notNull(varchar()),
      name: notNull(varchar()),
      ts_ms: notNull(bigint()),
      snapshot: snapshotMarker(
        'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental',
      ),
      db: notNull(varchar()),
      sequence: varchar(),
      ts_us: bigint(),
      ts_ns: bigint(),
      schema: notNull(varchar()),
      table: notNull(varchar()),
      txId: bigint(),
      lsn: bigint(),
      xmin: bigint(),
      origin: varchar(),
      origin_lsn: bigint(),
    },
    {name: 'io.debezium.connector.postgresql.Source', version: 1},
  ),
  1: struct(
    {
      version: notNull(varchar()),
      connector: notNull(varchar()),
      name: notNull(varchar()),
      ts_ms: notNull(bigint()),
      snapshot: snapshotMarker('true,last,false,incremental'),
      db: notNull(varchar()),
      sequence: varchar(),
      schema: notNull(varchar()),
      table: notNull(varchar()),
      txId: bigint(),
      lsn: bigint(),
      xmin: bigint(),
    },
    {name: 'io.debezium.connector.postgresql.Source'},
  ),
};

const blockFields = {
  id: notNull(varchar()),
  total_order: notNull(bigint()),
  data_collection_order: notNull(bigint()),
};

/** Where an event stands in its transaction. */
export const transactionBlock: Readonly<Record<DebeziumProfile, Schema>> = {
  3: nullable(struct(blockFields, {name: 'event.block', version: 1})),
  1: nullable(struct(blockFields)),
};
