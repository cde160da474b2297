import {writeFileSync} from 'node:fs';
import {Client} from 'pg';
import type {KafkaClient} from '../../src/kafka/client.ts';
import type {KafkaCluster} from '../../test/servers/kafka-cluster.ts';
import type {PostgresServer} from '../../test/support/postgres.ts';
import {treeCpuSeconds} from '../peers/process-tree.ts';
import {peakRssMb} from '../process-usage.ts';
import {OrderChanges} from './order-changes.ts';
import {LatencyReader, arrived, countRecords, stableEnd} from './topic-progress.ts';
import {TABLES} from './capture.ts';
import type {Capture, CaptureKind} from './capture.ts';

export interface CaptureOptions {
  /** In the table before the system starts. */
  readonly rows: number;
  /** Before the measured ones, so that the JVM and V8 have compiled what they will. */
  readonly warmUp: number;
  readonly changes: number;
  readonly rate: number;
  readonly seconds: number;
  /** Of one transaction; 0 for none. */
  readonly bulk: number;
}

export interface Servers {
  readonly postgres: PostgresServer;
  readonly cluster: KafkaCluster;
  readonly kafka: KafkaClient;
}

/** At the rate the first seconds are not counted: what was idle wakes up. */
const SKIPPED_SECONDS = 2;

/** One system from its snapshot to its end, in a database and topics of its own. Figures by what the table calls them. */
export async function measureCapture(
  kind: CaptureKind,
  servers: Servers,
  options: CaptureOptions,
): Promise<Readonly<Record<string, number>>> {
  const {postgres, cluster, kafka} = servers;
  const database = await postgres.createDatabase('capture');
  const db = new Client({host: '127.0.0.1', port: postgres.port, user: 'postgres', database});
  await db.connect();
  const changes = await OrderChanges.create(db, options.rows);
  const topics = TABLES.split(',').map((table) => `${kind.name}.${table}`);
  const [orders = '', bulk = ''] = topics;
  await kafka.admin.ensureTopics(
    topics.map((name) => ({name, partitions: 1, cleanupPolicy: 'delete'})),
  );
  const capture = await kind.start({
    postgresPort: postgres.port,
    database,
    brokers: cluster.brokers,
  });
  try {
    const usage = await cpuUsage(servers, capture);
    const snapshot = await arrived(kafka, orders, 0, options.rows, () => usage.begin());
    const used = usage.perMillion('rows of the snapshot', options.rows);
    const result: Record<string, number> = {
      'snapshot rows/s': Math.round((options.rows / (snapshot.last - snapshot.first)) * 1000),
      ...used,
      'peak RSS in the snapshot, MB': peakRssMb(capture.pid),
    };
    if (options.warmUp > 0) await backlog(servers, capture, orders, changes, options.warmUp);
    Object.assign(result, await backlog(servers, capture, orders, changes, options.changes));
    if (options.seconds > 0) Object.assign(result, await atRate(servers, capture, orders, changes, options)); // prettier-ignore
    if (options.bulk > 0) Object.assign(result, await oneTransaction(servers, capture, bulk, changes, options.bulk)); // prettier-ignore
    return result;
  } catch (error) {
    console.error(await capture.log());
    throw error;
  } finally {
    await capture.stop();
    await db.end();
  }
}

/** Changes that have gathered while the system was held, until the last one is committed in Kafka. */
async function backlog(
  servers: Servers,
  capture: Capture,
  topic: string,
  changes: OrderChanges,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  const {kafka} = servers;
  const start = await stableEnd(kafka, topic);
  await capture.hold(true);
  const written = await changes.write(count);
  const usage = await cpuUsage(servers, capture);
  usage.begin();
  resetPeakRss(capture.pid);
  const begun = performance.now();
  await capture.hold(false);
  const {last} = await arrived(kafka, topic, start, written.records);
  const perMillion = usage.perMillion('changes', written.changes);
  const records = await countRecords(kafka, topic, start);
  if (records !== written.records)
    throw new Error(`${records} records in ${topic} in place of ${written.records}`);
  return {
    'changes/s': Math.round((written.changes / (last - begun)) * 1000),
    ...perMillion,
    'peak RSS in the backlog, MB': peakRssMb(capture.pid),
  };
}

async function atRate(
  {kafka}: Servers,
  capture: Capture,
  topic: string,
  changes: OrderChanges,
  {rate, seconds}: CaptureOptions,
): Promise<Readonly<Record<string, number>>> {
  const start = await stableEnd(kafka, topic);
  const reader = await LatencyReader.open(kafka, topic);
  const cpu = treeCpuSeconds(capture.pid);
  const sent = await changes.writeAtRate(rate, seconds);
  const used = treeCpuSeconds(capture.pid) - cpu;
  await arrived(kafka, topic, start, sent);
  await reader.close();
  const sorted = reader.latencies.slice(rate * SKIPPED_SECONDS).toSorted((a, b) => a - b);
  const at = (quantile: number): number =>
    rounded(sorted[Math.floor(quantile * sorted.length)] ?? NaN);
  return {
    [`commit to readable at ${rate}/s, p50, ms`]: at(0.5),
    [`commit to readable at ${rate}/s, p99, ms`]: at(0.99),
    [`CPU-s per second at ${rate}/s`]: rounded(used / seconds),
  };
}

async function oneTransaction(
  {kafka}: Servers,
  capture: Capture,
  topic: string,
  changes: OrderChanges,
  rows: number,
): Promise<Readonly<Record<string, number>>> {
  resetPeakRss(capture.pid);
  const begun = performance.now();
  await changes.writeBulk(rows);
  const committed = performance.now();
  const {last} = await arrived(kafka, topic, 0, rows);
  return {
    'rows of one transaction': rows,
    'peak RSS in it, MB': peakRssMb(capture.pid),
    'seconds to write it': rounded((committed - begun) / 1000),
    'seconds from its commit to its last row': rounded((last - committed) / 1000),
  };
}

interface CpuUsage {
  begin(): void;
  /** CPU-seconds since then of each of the three, by what the table calls them. */
  perMillion(what: string, count: number): Readonly<Record<string, number>>;
}

async function cpuUsage({postgres, cluster}: Servers, capture: Capture): Promise<CpuUsage> {
  const pids = Object.entries({
    'the system': capture.pid,
    Postgres: await postmaster(postgres),
    'the broker': cluster.pidOf(1),
  });
  let begun: readonly number[] = [];
  return {
    begin: () => {
      begun = pids.map(([, pid]) => treeCpuSeconds(pid));
    },
    perMillion: (what, count) =>
      Object.fromEntries(
        pids.map(([name, pid], at) => [
          `CPU-s per million ${what}: ${name}`,
          rounded(((treeCpuSeconds(pid) - (begun[at] ?? NaN)) / count) * 1e6),
        ]),
      ),
  };
}

/** The process whose children are all the others of the server. */
async function postmaster(postgres: PostgresServer): Promise<number> {
  const [row] = await postgres.query(
    `SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int AS pid`,
  );
  return Number(row?.['pid']);
}

/** Lets `VmHWM` begin anew (Linux, proc_pid_clear_refs). */
function resetPeakRss(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
