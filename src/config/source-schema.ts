import {z} from 'zod';
import {flag, integer, list, oneOf, optional, text} from './option.ts';
import {connectionKeys} from './source-connection-keys.ts';

const prefix = /^[A-Za-z0-9._-]{1,200}$/;
const prefixWords = 'letters, digits, `.`, `_` and `-`';
const slotName = /^[a-z0-9_]{1,63}$/;
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
  'slot.name': text(
    {
      description:
        'The logical replication slot; created at first start. One slot for each source: nothing else may read from it.',
    },
    'lower-case letters, digits and `_`, at most 63',
    slotName,
  ),
  'publication.name': optional(
    text(
      {
        description:
          'The publication; created when missing, for the tables of `table.include.list`.',
      },
      'an identifier of at most 63 characters',
      /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/,
    ),
    '`millrace_<slot.name>`',
  ),
  'table.include.list': list(
    {description: 'The tables to capture. Each needs a primary key.'},
    'tables as `schema.table`',
    /^[\w$]+\.[\w$]+$/,
  ),
  'snapshot.mode': oneOf(
    {
      description:
        '`initial`: where nothing was read before, the rows that are there, then changes. `initial_only`: those rows, then nothing. `no_data` (also `never`): changes only. `when_needed`: as `initial`, and again when the slot was lost. `always`: again at each start of the process, once the changes since the last one are published.',
      default: 'initial',
    },
    ['initial', 'initial_only', 'no_data', 'never', 'when_needed', 'always'],
    ['configuration_based', 'recovery', 'custom'],
  ),
  'snapshot.max.threads': integer(
    {
      description:
        'How many connections read a snapshot, all of them the same one: several tables at a time, and several parts of a table above 64 MB.',
      default: 1,
    },
    1,
    64,
  ),
  'snapshot.fetch.size': integer(
    {
      description: 'Rows of a snapshot that are handed on at once; fewer where a megabyte is full.',
      default: 2000,
    },
    1,
    100_000,
  ),
  'snapshot.lock.timeout.ms': integer(
    {
      description:
        'How long a snapshot waits for a table that another session has locked (as `ALTER TABLE` does) before it is tried again from the start.',
      default: 10_000,
    },
    1,
    2_147_483_647,
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
