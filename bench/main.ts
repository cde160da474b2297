/* `npm run bench`: the service alone; `--cdc` the capture beside Debezium, `--sinks` the sinks, `--peers` all beside Debezium and Kafka Streams, `--pull` queries while orders come in (docs/benchmarks.md). */
const others = {
  '--cdc': './cdc.bench.ts',
  '--peers': './peers/main.ts',
  '--pull': './queries.ts',
  '--sinks': './sinks.bench.ts',
};
const chosen = Object.entries(others).find(([option]) => process.argv.includes(option));
// Each of them knows its own options only.
if (chosen !== undefined) process.argv.splice(process.argv.indexOf(chosen[0]), 1);
await import(chosen?.[1] ?? './service.ts');
