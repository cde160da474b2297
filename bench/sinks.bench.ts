import {execFile, execFileSync} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {processor} from './process-usage.ts';
import type {Load, LoadResult} from './sinks/load.ts';
import {connectors} from './sinks/open-warehouse.ts';
import type {Connector} from './sinks/open-warehouse.ts';
import {startStandIn} from './sinks/stand-in.ts';
import type {Target} from './sinks/stand-in.ts';
import {visibleAfter} from './sinks/visible-after.ts';

/*
 * The sinks alone: rows like those of `orders_enriched` into each warehouse, in a process of its own (the stand-in of
 * Snowflake or Databricks is another), then how soon a single row can be queried in DuckDB. docs/benchmarks.md says what is measured how.
 */
const {values} = parseArgs({
  options: {
    connector: {type: 'string', default: 'duckdb'},
    modes: {type: 'string', default: 'append,upsert'},
    rows: {type: 'string', default: '1000000'},
    'warm-up': {type: 'string', default: '100000'},
    batch: {type: 'string', default: '10000'},
    /** For each of which `--probes` single rows are sent; empty for none. */
    lingers: {type: 'string', default: '0,100,1000'},
    probes: {type: 'string', default: '20'},
    /** MiB; a process that takes more makes the exit code 1. */
    'max-rss': {type: 'string', default: '450'},
    /** A directory for CPU profiles, with which all figures are worse. */
    profile: {type: 'string'},
  },
});
const script = join(import.meta.dirname, 'sinks', 'load.ts');
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(
  `commit ${commit}, node ${process.version}, ${processor()}, load average ${loadavg()[0]?.toFixed(1)}`,
);
console.log('| sink | rows/s | CPU-s per million | a batch: p50, max | peak RSS |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const name of values.connector.split(',')) {
  const connector = connectors.find((known) => known === name);
  if (connector === undefined)
    throw new Error(`--connector: ${name} is none of ${connectors.join(', ')}`);
  for (const mode of values.modes.split(',') as readonly Load['mode'][]) await run(connector, mode);
}
for (const linger of values.lingers.split(',').filter((text) => text !== '')) {
  const {p50, max} = await visibleAfter(Number(linger), Number(values.probes));
  console.log(
    `linger.ms ${linger}: a row can be queried after ${p50} ms (median), ${max} ms (most)`,
  );
}

async function run(connector: Connector, mode: Load['mode']): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const {target, stop} = await targetOf(connector, directory);
  try {
    const load: Load = {
      connector,
      target,
      directory,
      mode,
      rows: Number(values.rows),
      warmUp: Number(values['warm-up']),
      batch: Number(values.batch),
    };
    const profile =
      values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
    const {stdout} = await promisify(execFile)(process.execPath, [
      ...profile,
      '--import',
      'tsx',
      script,
      JSON.stringify(load),
    ]);
    const result = JSON.parse(stdout) as LoadResult;
    const {rowsPerSecond, cpuSecondsPerMillion, p50, max, peakRssMb} = result;
    console.log(
      `| ${connector}, ${mode} | ${rowsPerSecond.toLocaleString('en')} | ${cpuSecondsPerMillion} | ${p50}, ${max} ms | ${peakRssMb} MB |`,
    );
    if (peakRssMb > Number(values['max-rss'])) {
      console.log(`more than --max-rss ${values['max-rss']} MB were resident`);
      process.exitCode = 1;
    }
  } finally {
    await stop();
    await rm(directory, {recursive: true, force: true});
  }
}

async function targetOf(connector: Connector, directory: string): Promise<Target> {
  if (connector === 'duckdb') return {target: directory, stop: () => Promise.resolve()};
  return startStandIn(connector);
}
