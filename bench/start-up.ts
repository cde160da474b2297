import {execFileSync} from 'node:child_process';
import {parseArgs} from 'node:util';
import {Pipeline} from '../test/support/pipeline.ts';
import {PostgresServer} from '../test/support/postgres.ts';
import {createTables} from './order-tables.ts';
import {processor, rssMb} from './process-usage.ts';

/*
 * `npx tsx bench/start-up.ts`, after `npm run build`: how long the service takes from its process' start until it is
 * ready, and what is resident then, without a sink in the cloud: as it is, and with the packages of such sinks loaded first,
 * which is what it would cost if they were not left alone. Medians of so many starts, in turn.
 */
const {values} = parseArgs({options: {starts: {type: 'string', default: '5'}}});
const variants = [
  {name: 'as it is', flags: []},
  {
    name: 'with `snowflake-sdk` and `@databricks/sql` loaded',
    flags: ['--require', 'snowflake-sdk', '--require', '@databricks/sql'],
  },
].map((variant) => ({...variant, starts: [] as {readonly ms: number; readonly mb: number}[]}));

const postgres = await PostgresServer.start({});
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {encoding: 'utf8'}).trim();
console.log(`commit ${commit}, node ${process.version}, ${processor()}`);
try {
  for (let left = Number(values.starts); left > 0; left--) {
    for (const {flags, starts} of variants) starts.push(await measure(flags));
  }
} finally {
  await postgres.stop();
}
console.log('| a service with a DuckDB sink | ready after | RSS then |');
console.log('| --- | ---: | ---: |');
for (const {name, starts} of variants) {
  const ms = median(starts.map((start) => start.ms));
  console.log(`| ${name} | ${ms} ms | ${median(starts.map(({mb}) => mb))} MB |`);
}

/** One start, in a fresh directory and with databases of its own, whose tables are filled. */
async function measure(flags: readonly string[]): Promise<{ms: number; mb: number}> {
  const pipeline = await Pipeline.create({
    postgresPort: postgres.port,
    customersDatabase: await postgres.createDatabase('customers'),
    productsDatabase: await postgres.createDatabase('products'),
    sinks: {local: 'append'},
  });
  const {service} = pipeline;
  try {
    await createTables(pipeline);
    const begun = performance.now();
    service.start(flags);
    await service.ready();
    return {ms: Math.round(performance.now() - begun), mb: rssMb(service.pid)};
  } finally {
    await service.stop();
    await pipeline.close();
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}
