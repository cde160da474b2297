import {flag, integer, list, oneOf, optional, text} from './option.ts';

const name = /^[A-Za-z0-9._-]{1,200}$/;
const nameWords = 'letters, digits, `.`, `_` and `-`';

/** The keys of every sink, whatever its warehouse. */
export const sinkKeys = {
  topics: list(
    {
      description:
        'The topics to write, each to a table of its own. One that `src/topics.ts` does not declare, and change events, have the columns of the schemas that their records name in the registry: of an envelope the row in `after` is written, and new columns follow while it runs.',
    },
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
  'delete.enabled': flag({
    description:
      'Whether a tombstone, or the change event of a delete, removes the row of its key. Only with `insert.mode: upsert`; otherwise it is counted and passed over.',
    default: true,
  }),
  'table.name.format': text(
    {
      description:
        'The name of the table of a topic. `${topic}` is the name of the topic, in which everything but letters, digits and `_` becomes `_`.',
      default: '${topic}',
    },
    'letters, digits, `_` and `${topic}`',
    /^(?:\w|\$\{topic\}){1,200}$/,
  ),
  'auto.create': flag({
    description: 'Whether a table that is missing is created. Otherwise that stops the sink.',
    default: true,
  }),
  'auto.evolve': oneOf(
    {
      description:
        'What happens to columns that a table lacks. `evolve`: they are added, and are NULL in the rows that are there. `ignore`: they are left out. `fail`: the sink stops.',
      default: 'evolve',
    },
    ['evolve', 'ignore', 'fail'],
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
  'errors.tolerance': optional(
    oneOf(
      {
        description:
          '`none` stops at a record that makes no row: one that cannot be read, or that the table does not take. `all` passes over it, counts it and writes it to the dead letter topic.',
      },
      ['none', 'all'],
    ),
    '`errors.tolerance` at the top level',
  ),
  'errors.deadletterqueue.topic.name': optional(
    text(
      {
        description:
          'The dead letter topic of the sink. Where one is named, also the record is kept there that stops a sink under `errors.tolerance: none`.',
      },
      nameWords,
      name,
    ),
    '`errors.deadletterqueue.topic.name` at the top level; where there is none either, `dlq-<name of the sink>` under `errors.tolerance: all`',
  ),
  'max.retries': optional(
    integer(
      {
        description:
          'How often in a row a failure of the warehouse is followed by another attempt before the sink stops. What Kafka refuses for the moment does not count.',
      },
      0,
      1_000_000,
    ),
    'it goes on for ever, and a condition tells meanwhile',
  ),
  'retry.backoff.ms': integer(
    {
      description:
        'The pause before another attempt, in milliseconds. Each further failure doubles it, up to 30 s; up to 5 s where Kafka is what fails.',
      default: 500,
    },
    1,
    30_000,
  ),
};
