import {setTimeout as pause} from 'node:timers/promises';
import {duckdbRows} from '../duckdb-rows.ts';

/**
 * Reads the DuckDB file given as argument again and again, as any other process does: for each time a line with the
 * watermark, the rows and the highest offset of the table `numbered_append`.
 */
const [database] = process.argv.slice(2);
for (;;) {
  const [row] = await duckdbRows(
    database as string,
    `SELECT (SELECT next_offset FROM _sink_offsets)::INTEGER AS next_offset, count(*)::INTEGER AS rows,
       max(_offset)::INTEGER AS newest FROM numbered_append`,
  );
  process.stdout.write(`${JSON.stringify(row)}\n`);
  await pause(5);
}
