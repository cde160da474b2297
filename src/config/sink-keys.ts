import {integer, list, oneOf, optional} from './option.ts';

const name = /^[A-Za-z0-9._-]{1,200}$/;

/** The keys of every sink, whatever its warehouse. */
export const sinkKeys = {
  topics: list(
    {description: 'The topics to write, each to a table of its name.'},
    'names of topics',
    name,
  ),
  'insert.mode': optional(
    oneOf(
      {
        description:
          '`upsert` keeps the newest row of each key, and a tombstone removes it. `append` keeps every row that was ever emitted.',
      },
      ['append', 'upsert'],
      ['insert', 'update'],
    ),
    '`upsert`; under `semantics: ksqldb` `append`',
  ),
  'batch.size': integer(
    {description: 'Rows of one batch at most; a batch is one transaction.', default: 50_000},
    1,
    1_000_000,
  ),
  'buffer.bytes': integer(
    {description: 'Bytes of one batch at most.', default: 16_777_216},
    1024,
    1_073_741_824,
  ),
  'linger.ms': integer(
    {description: 'How long a batch waits for more rows, in milliseconds.', default: 0},
    0,
    60_000,
  ),
};
