import {z} from 'zod';
import {
  flag,
  integer,
  keyColumns,
  list,
  listOf,
  oneOf,
  optional,
  patterns,
  text,
} from './option.ts';
import {replicaIdentityRule} from './replica-identity-rule.ts';
import {typeHandlingKeys} from './type-handling-keys.ts';
import {connectionKeys} from './source-connection-keys.ts';
import {heartbeatKeys} from './source-heartbeat-keys.ts';
import {slotKeys} from './source-slot-keys.ts';
import {snapshotKeys} from './source-snapshot-keys.ts';

const prefix = /^[A-Za-z0-9._-]{1,200}$/;
const prefixWords = 'letters, digits, `.`, `_` and `-`';
const formats = ['JSON_SR', 'JSON'] as const;
const otherFormats = ['AVRO', 'PROTOBUF', 'STRING', 'KAFKA'];

/** One Postgres database to capture: the keys under `sources.<name>`. */
export const sourceSchema = z.strictObject({
  ...connectionKeys,
  'topic.prefix': text(
    {description: 'First part of the topic names: `<topic.prefix>.<schema>.<table>`.'},
    prefixWords,
    prefix,
  ),
  ...slotKeys,
  ...heartbeatKeys,
  'publication.name': optional(
    text(
      {
        description:
          'The publication; what happens to it is `publication.autocreate.mode`. It must never be dropped while the slot is there.',
      },
      'an identifier of at most 63 characters',
      /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/,
    ),
    '`millrace_<slot.name>`',
  ),
  'publication.autocreate.mode': oneOf(
    {
      description:
        "`filtered` creates the publication for the captured tables and changes it where the lists have changed. `all_tables` creates one of all tables, which takes a superuser, and captures tables that are created later from their first row. `disabled` takes it as it is. `no_tables` creates an empty one. (Debezium's default is `all_tables`: [Which tables](cdc.md#which-tables).)",
      default: 'filtered',
    },
    ['filtered', 'all_tables', 'disabled', 'no_tables'],
  ),
  'publish.via.partition.root': flag({
    description:
      '`false`: changes of a partitioned table come under the names of its partitions, which the lists have to match. `true`: under its own name.',
    default: false,
  }),
  'replica.identity.autoset.values': optional(
    listOf(
      {
        description:
          'Replica identities to set at each start with `ALTER TABLE`, by the owner of the tables: a regular expression for `schema.table`, a colon, and `FULL`, `DEFAULT`, `NOTHING` or `INDEX <name>`. The first item that matches a captured table counts.',
      },
      'items as `schema.table:FULL`',
      replicaIdentityRule,
    ),
    'left as they are',
  ),
  'schema.include.list': optional(
    patterns(
      {
        description:
          "The schemas to capture tables of, as regular expressions for the whole name whatever its case. Postgres' own schemas are never captured.",
      },
      'the names of schemas',
    ),
    'every schema that `schema.exclude.list` does not match',
  ),
  'schema.exclude.list': optional(
    patterns({description: 'The schemas to leave out.'}, 'the names of schemas'),
    'no schema',
  ),
  'table.include.list': optional(
    patterns(
      {
        description:
          'The tables to capture, as regular expressions for the whole `schema.table` whatever its case; a plain `schema.table` matches itself. Tables without primary key: [Which tables](cdc.md#which-tables).',
      },
      '`schema.table`',
    ),
    'every table that `table.exclude.list` does not match',
  ),
  'table.exclude.list': optional(
    patterns({description: 'The tables to leave out.'}, '`schema.table`'),
    'no table',
  ),
  'column.include.list': optional(
    patterns(
      {
        description:
          'The columns to capture, as regular expressions for the whole `schema.table.column`. Columns of the key stay in the key.',
      },
      '`schema.table.column`',
    ),
    'every column that `column.exclude.list` does not match',
  ),
  'column.exclude.list': optional(
    patterns({description: 'The columns to leave out.'}, '`schema.table.column`'),
    'no column',
  ),
  ...snapshotKeys,
  'signal.data.collection': optional(
    text(
      {
        description:
          'A table that takes signals, with three text columns: `id`, `type`, `data`. Its rows are no events; it is streamed whatever the lists say.',
      },
      '`schema.table`',
      /^[^.]+\..+$/,
    ),
    'signals come by `millrace snapshot` only',
  ),
  'incremental.snapshot.chunk.size': integer(
    {
      description:
        'Rows that an incremental snapshot reads at once: `millrace snapshot`, signals, and tables that are captured later.',
      default: 1024,
    },
    1,
    1_000_000,
  ),
  'after.state.only': flag({
    description:
      '`false`: Debezium envelopes (`before`, `after`, `source`, `op`). `true`: the row after the change, with `__deleted`.',
    default: false,
  }),
  debezium: oneOf(
    {
      description:
        'The line of Debezium whose change events are written: field set, order, schema names and versions. `3` is 3.6, `1` is 1.9, which Confluent Cloud calls V1.',
      default: '3',
    },
    ['3', '1'],
  ),
  'skipped.operations': list(
    {
      description:
        'Operations without change events: `c` (insert), `u` (update), `d` (delete), `t` (truncate), or `none`. A truncate without an event is warned of.',
      default: ['t'],
    },
    '`c`, `u`, `d`, `t` or `none`',
    /^(?:[cudt]|none)$/,
  ),
  'tombstones.on.delete': flag({
    description: 'Whether a delete is followed by a tombstone: the key without a value.',
    default: true,
  }),
  'delete.tombstone.handling.mode': oneOf(
    {
      description:
        'What a delete becomes. `drop`: nothing. `tombstone`, `delete-to-tombstone`: a tombstone. `rewrite`: its event alone. `rewrite-with-tombstone`: its event, then the tombstone of `tombstones.on.delete`. With `after.state.only: true` only the last two add `__deleted`.',
      default: 'rewrite-with-tombstone',
    },
    ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'],
  ),
  'message.key.columns': optional(
    keyColumns({
      description:
        'Columns that key the events of a table in place of its own key: `<tables>:<column>,<column>;…`, where `<tables>` is a regular expression for `schema.table`. A delete brings only the columns of the replica identity: for others the table needs `REPLICA IDENTITY FULL`.',
    }),
    "each table's primary key, else a unique index of columns that are NOT NULL, else no key",
  ),
  'message.prefix.include.list': optional(
    patterns(
      {
        description:
          'Which logical decoding messages (`pg_logical_emit_message`) become events on `<topic.prefix>.message`, by their prefix: regular expressions for the whole prefix whatever its case.',
      },
      'prefixes',
    ),
    'every message that `message.prefix.exclude.list` does not match',
  ),
  'message.prefix.exclude.list': optional(
    patterns({description: 'Which logical decoding messages do not become events.'}, 'prefixes'),
    "no message; those of millrace's own, `millrace.…`, are never events",
  ),
  'provide.transaction.metadata': flag({
    description:
      'Whether change events say where they stand in their transaction, and a BEGIN and an END record of each transaction go to `<topic.prefix>.<topic.transaction>`.',
    default: false,
  }),
  'topic.transaction': text(
    {
      description: 'Last part of the name of the topic of BEGIN and END records.',
      default: 'transaction',
    },
    prefixWords,
    prefix,
  ),
  ...typeHandlingKeys,
  'output.key.format': oneOf(
    {description: 'Format of the keys.', default: 'JSON_SR'},
    formats,
    otherFormats,
  ),
  'output.data.format': oneOf(
    {description: 'Format of the values.', default: 'JSON_SR'},
    formats,
    otherFormats,
  ),
});
