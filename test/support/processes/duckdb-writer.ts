import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import {numberedBatch, numberedSource} from '../numbered-batches.ts';

/**
 * Writes batches to the DuckDB file given as argument, to an append and to an upsert table in turn, each from its
 * watermark on, and the mode and watermark of each one that is committed. Checkpoints come often.
 */
const [database] = process.argv.slice(2);
const sink = new DuckDbSink({database: database as string, checkpointThreshold: '64KB'});
process.stdout.write('opening\n');
const writers = await Promise.all(
  (['append', 'upsert'] as const).map(async (mode) => {
    const partition = await sink.open(numberedSource(mode));
    return {mode, partition, at: partition.nextOffset ?? 0};
  }),
);
for (;;) {
  for (const writer of writers) {
    const batch = numberedBatch(writer.at);
    await writer.partition.write(batch);
    writer.at = batch.nextOffset;
    process.stdout.write(`${writer.mode} ${writer.at}\n`);
  }
}
