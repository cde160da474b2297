import {execFileSync} from 'node:child_process';
import {loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {systemClock} from '../src/common/clock.ts';
import {KafkajsClient} from '../src/kafka/kafkajs/kafkajs-client.ts';
import {KafkaCluster} from '../test/servers/kafka-cluster.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import {debezium, millrace} from './cdc/capture.ts';
import {measureCapture} from './cdc/measure-capture.ts';
import {preparePeers} from './peers/peer-files.ts';
import {processor} from './process-usage.ts';

/*
 * The capture alone, from Postgres to committed records of a real broker, beside Debezium: one after the other, between
 * the same two servers. docs/benchmarks.md says what is measured how.
 */
const {values} = parseArgs({
  options: {
    systems: {type: 'string', default: 'millrace,debezium'},
    /** In the table before the start, for the snapshot. */
    rows: {type: 'string', default: '1000000'},
    'warm-up': {type: 'string', default: '200000'},
    changes: {type: 'string', default: '1000000'},
    rate: {type: 'string', default: '1000'},
    seconds: {type: 'string', default: '15'},
    /** Rows of one transaction. */
    bulk: {type: 'string', default: '5000000'},
    /** Our `compression.type`. */
    compression: {type: 'string', default: 'lz4'},
    /** A directory for a CPU profile of our process. */
    profile: {type: 'string'},
  },
});
const options = {
  rows: Number(values.rows),
  warmUp: Number(values['warm-up']),
  changes: Number(values.changes),
  rate: Number(values.rate),
  seconds: Number(values.seconds),
  bulk: Number(values.bulk),
};

const postgres = await PostgresServer.start({
  settings: {
    shared_buffers: '256MB',
    max_wal_size: '8GB',
    fsync: 'on',
    // A system that is held does not answer.
    wal_sender_timeout: '10min',
  },
});
const cluster = await KafkaCluster.start({
  jvmFlags: ['-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
});
const kafka = await KafkajsClient.connect({
  bootstrapServers: cluster.brokers,
  clientId: 'bench',
  clock: systemClock,
});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(
  `commit ${commit}, node ${process.version}, ${processor()}, 2 cores shared with Postgres and the broker`,
);
try {
  const results = new Map<string, Readonly<Record<string, number>>>();
  for (const system of values.systems.split(',')) {
    console.log(`${system}, load average before ${loadavg()[0]?.toFixed(1)}`);
    const kind =
      system === 'millrace'
        ? millrace({compression: values.compression, nodeFlags: profileFlags()})
        : debezium(await preparePeers());
    const result = await measureCapture(kind, {postgres, cluster, kafka}, options);
    console.log(JSON.stringify({system, ...result}));
    results.set(system, result);
  }
  console.log(table(results));
} finally {
  await kafka.close();
  await cluster.stop();
  await postgres.stop();
}

function profileFlags(): readonly string[] {
  const {profile} = values;
  return profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
}

/** In Markdown, a column for each system. */
function table(results: ReadonlyMap<string, Readonly<Record<string, number>>>): string {
  const labels = new Set([...results.values()].flatMap((result) => Object.keys(result)));
  const rows = [...labels].map((label) => [
    label,
    ...[...results.values()].map((result) => result[label]?.toLocaleString('en') ?? ''),
  ]);
  const header = ['', ...results.keys()];
  const rule = header.map((_, at) => (at === 0 ? '---' : '---:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
