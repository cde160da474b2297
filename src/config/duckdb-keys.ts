import {optional, text} from './option.ts';

/** The keys of a sink with `connector: duckdb`, beside those of every sink. */
export const duckDbKeys = {
  database: optional(
    text({description: 'The DuckDB file; created when missing. One sink for each file.'}, 'a path'),
    '`warehouse.duckdb` in `data.dir`',
  ),
};
