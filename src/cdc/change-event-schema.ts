import {bigint, notNull, nullable, struct, varchar} from '../serde/schema.ts';
import type {Fields, Schema} from '../serde/schema.ts';

/** Debezium's `source.version`, whose field set and order the change events have. */
export const DEBEZIUM_VERSION = '3.2.7.Final';

/** The schemas of one table's change events, named as Debezium names them. */
export interface ChangeEventSchemas {
  /** Undefined without a primary key. */
  readonly key: Schema | undefined;
  readonly value: Schema;
}

/** `name` is `<topic.prefix>.<schema>.<table>`; the columns are in the order of the table, the key's in key order. */
export function changeEventSchemas(
  name: string,
  columns: readonly (readonly [name: string, schema: Schema])[],
  primaryKey: readonly (readonly [name: string, schema: Schema])[],
  afterStateOnly: boolean,
): ChangeEventSchemas {
  const key =
    primaryKey.length === 0
      ? undefined
      : struct(fieldsOf(primaryKey.map(([column, schema]) => [column, notNull(schema)] as const)), {
          name: `${name}.Key`,
        });
  if (afterStateOnly) {
    const fields = fieldsOf([...columns, ['__deleted', varchar()]]);
    return {key, value: struct(fields, {name: `${name}.Value`})};
  }
  const row = nullable(struct(fieldsOf(columns), {name: `${name}.Value`}));
  const value = struct(
    {
      before: row,
      after: row,
      source,
      transaction,
      op: notNull(varchar()),
      ts_ms: bigint(),
      ts_us: bigint(),
      ts_ns: bigint(),
    },
    {name: `${name}.Envelope`, version: 2},
  );
  return {key, value};
}

/** Defines properties, so that a column called `__proto__` is one. */
function fieldsOf(columns: readonly (readonly [string, Schema])[]): Fields {
  return Object.fromEntries(columns);
}

const snapshotMarker: Schema = {
  ...varchar(),
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: {
    allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental',
  },
  default: 'false',
};

const source = struct(
  {
    version: notNull(varchar()),
    connector: notNull(varchar()),
    name: notNull(varchar()),
    ts_ms: notNull(bigint()),
    snapshot: snapshotMarker,
    db: notNull(varchar()),
    sequence: varchar(),
    ts_us: bigint(),
    ts_ns: bigint(),
    schema: notNull(varchar()),
    table: notNull(varchar()),
    txId: bigint(),
    lsn: bigint(),
    xmin: bigint(),
  },
  {name: 'io.debezium.connector.postgresql.Source', version: 1},
);

const transaction = nullable(
  struct(
    {
      id: notNull(varchar()),
      total_order: notNull(bigint()),
      data_collection_order: notNull(bigint()),
    },
    {name: 'event.block', version: 1},
  ),
);
