import {integer, oneOf, optional, patterns, statements} from './option.ts';

/** The keys of a source that say what a snapshot reads, and when. */
export const snapshotKeys = {
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
      description: 'Rows of a snapshot that are handed on at once; fewer where 64 KB are full.',
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
  'snapshot.include.collection.list': optional(
    patterns(
      {
        description:
          'The captured tables to take a snapshot of, as regular expressions for `schema.table`; of the others only changes are published.',
      },
      'the names of tables as `schema.table`',
    ),
    'all that are captured',
  ),
  'snapshot.select.statement.overrides': optional(
    statements({
      description:
        'The rows of a table that belong to its snapshot, by a `SELECT` that has at least the captured columns: `{schema.table: SELECT … WHERE …}`. Changes are not filtered.',
    }),
    'all rows of each table',
  ),
  'snapshot.delay.ms': integer(
    {description: 'How long to wait at the start before an initial snapshot.', default: 0},
    0,
    2_147_483_647,
  ),
  'streaming.delay.ms': integer(
    {description: 'How long to wait after a snapshot before changes are read.', default: 0},
    0,
    2_147_483_647,
  ),
};
