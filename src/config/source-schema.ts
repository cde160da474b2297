import {z} from 'zod';
import {flag, integer, keyColumns, list, oneOf, optional, patterns, text} from './option.ts';
import {captureKeys} from './source-capture-keys.ts';
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
  ...captureKeys,
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
