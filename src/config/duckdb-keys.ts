import {integer, optional, text} from './option.ts';

/** The keys of a sink with `connector: duckdb`, beside those of every sink. */
export const duckDbKeys = {
  database: optional(
    text({description: 'The DuckDB file; created when missing. One sink for each file.'}, 'a path'),
    '`warehouse.duckdb` in `data.dir`',
  ),
  'export.database': optional(
    text(
      {
        description:
          'A copy of the DuckDB file for other processes that read, since none can open the file while the service runs. It is replaced whole, and best opened read-only.',
      },
      'a path',
    ),
    'no copy',
  ),
  'export.interval.ms': integer(
    {
      description:
        'How long after one copy the next is written, in milliseconds, where anything was committed meanwhile. Batches wait for it.',
      default: 10_000,
    },
    100,
    86_400_000,
  ),
};
