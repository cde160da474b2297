import {execFileSync} from 'node:child_process';
import {cpus, loadavg, totalmem} from 'node:os';
import {parseArgs} from 'node:util';
import {runTool} from '../../test/servers/java.ts';
import {processor} from '../process-usage.ts';
import {comparison} from './comparison.ts';
import {debeziumAndStreams} from './debezium-and-streams.ts';
import {measure} from './measure.ts';
import {isRight} from './measurement.ts';
import type {Measurement} from './measurement.ts';
import {millrace} from './millrace.ts';
import {preparePeers} from './peer-files.ts';

/*
 * millrace beside Debezium and Kafka Streams, one after the other on this machine; docs/benchmarks.md says what is measured how.
 */
const {values} = parseArgs({
  options: {
    orders: {type: 'string', default: '1000000'},
    'warm-up': {type: 'string', default: '0'},
    rates: {type: 'string', default: '1000,5000'},
    seconds: {type: 'string', default: '20'},
    // millrace's
    semantics: {type: 'string', default: 'cdc'},
    mode: {type: 'string', default: 'upsert'},
    // The others'
    form: {type: 'string', default: 'ksqldb'},
    'poll-interval-ms': {type: 'string', default: '500'},
  },
});
const options = {
  orders: Number(values.orders),
  warmUp: Number(values['warm-up']),
  rates: values.rates.split(',').filter(Boolean).map(Number),
  seconds: Number(values.seconds),
};
const files = await preparePeers();
const kinds = [
  millrace({
    semantics: oneOf(values.semantics, ['cdc', 'ksqldb']),
    mode: oneOf(values.mode, ['append', 'upsert']),
  }),
  debeziumAndStreams(files, {
    form: oneOf(values.form, ['ksqldb', 'lean']),
    pollIntervalMs: Number(values['poll-interval-ms']),
  }),
];

console.log(`commit ${commit()}, ${new Date().toISOString()}`);
console.log(
  `${processor()}, ${cpus().length} cores shared with Postgres, Kafka, the load and the reader, ${Math.round(totalmem() / 2 ** 30)} GB`,
);
console.log(
  `Node ${process.version}, Java ${await javaVersion()}, Kafka ${files.brokerVersion} (one broker, 1 GB heap)`,
);
for (const {name, includes} of kinds) console.log(`${name}: ${includes}`);

const measurements: Measurement[] = [];
for (const kind of kinds) {
  console.log(`\n${kind.name}, load average before ${loadavg()[0]?.toFixed(1)}`);
  const measurement = await measure(kind, files, options);
  measurements.push(measurement);
  console.log(JSON.stringify(measurement));
}
console.log(`\n${comparison(measurements)}`);
if (!measurements.every(isRight)) process.exitCode = 1;

function oneOf<T extends string>(value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new Error(`${value} is none of ${allowed.join(', ')}`);
  return found;
}

function commit(): string {
  const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
  return git('rev-parse', '--short', 'HEAD') + (isClean ? '' : ' and changes');
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, {encoding: 'utf8'}).trim();
}

async function javaVersion(): Promise<string> {
  const {stderr} = await runTool('java', ['-version']);
  return /version "([^"]+)"/.exec(stderr)?.[1] ?? 'unknown';
}
