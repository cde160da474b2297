/* `npm run bench`: the service alone, or with `--peers` beside Debezium and Kafka Streams (docs/benchmarks.md). */
const peers = process.argv.indexOf('--peers');
if (peers === -1) {
  await import('./service.ts');
} else {
  // Each of the two knows its own options only.
  process.argv.splice(peers, 1);
  await import('./peers/main.ts');
}
