import {join} from 'node:path';
import {systemClock} from '../../src/common/clock.ts';
import {peakRssMb} from '../process-usage.ts';
import {kafkaRecords} from './kafka-records.ts';
import {latency} from './latency.ts';
import type {AtRate, ByProcess, CatchUp, Measurement} from './measurement.ts';
import {OrderLoad} from './order-load.ts';
import {OrdersReader} from './orders-reader.ts';
import type {PeerFiles} from './peer-files.ts';
import {treeCpuSeconds} from './process-tree.ts';
import {checkResult} from './result-check.ts';
import {Surroundings} from './surroundings.ts';
import type {SystemKind, SystemUnderTest} from './system-under-test.ts';

export interface MeasureOptions {
  readonly orders: number;
  /** Orders before the measured ones, so that the JVMs and V8 have compiled what they will. */
  readonly warmUp: number;
  readonly rates: readonly number[];
  readonly seconds: number;
}

/** At each rate the first orders are not counted: what was idle wakes up. */
const SKIPPED_SECONDS = 2;

/** A system that runs, and what is around it. */
interface Run {
  readonly surroundings: Surroundings;
  readonly system: SystemUnderTest;
  readonly reader: OrdersReader;
  readonly load: OrderLoad;
  /** Of all whose CPU counts. */
  readonly pids: ByProcess;
}

/** One system from its start to its end, between a Postgres and a Kafka of its own. */
export async function measure(
  kind: SystemKind,
  files: PeerFiles,
  options: MeasureOptions,
): Promise<Measurement> {
  const surroundings = await Surroundings.start();
  try {
    const begun = performance.now();
    const system = await kind.start(surroundings);
    let stopped = false;
    try {
      const run = await open(surroundings, system, files);
      const secondsToFirstRow = await firstRow(run, begun);
      if (options.warmUp > 0) await catchUp(run, options.warmUp);
      const caughtUp = await catchUp(run, options.orders);
      const atRates: AtRate[] = [];
      for (const rate of options.rates) atRates.push(await atRate(run, rate, options.seconds));
      const peaks = Object.entries(run.pids).filter(([name]) => name !== POSTGRES);
      const peakRss = Object.fromEntries(peaks.map(([name, pid]) => [name, peakRssMb(pid)]));
      await run.reader.stop();
      const check = await checkResult(files, surroundings.brokers, surroundings);
      stopped = true;
      const inWarehouse = await system.stop();
      return {
        system: kind.name,
        includes: kind.includes,
        secondsToFirstRow,
        catchUp: caughtUp,
        atRates,
        peakRssMb: peakRss,
        check,
        inWarehouse,
      };
    } catch (error) {
      if (!stopped) console.error(await system.log());
      throw error;
    } finally {
      if (!stopped) await system.stop();
    }
  } finally {
    await surroundings.stop();
  }
}

const POSTGRES = 'Postgres';

async function open(
  surroundings: Surroundings,
  system: SystemUnderTest,
  files: PeerFiles,
): Promise<Run> {
  const file = join(surroundings.folder, 'arrivals');
  return {
    surroundings,
    system,
    reader: await OrdersReader.start(files, surroundings.brokers, file),
    load: new OrderLoad(surroundings.productsDb),
    pids: {
      [POSTGRES]: await surroundings.postgresPid(),
      'Kafka broker': surroundings.kafka.pidOf(1),
      ...system.pids,
    },
  };
}

/** Sends probes until one comes out, and waits for what they have stirred up to settle. */
async function firstRow({reader, load, system}: Run, begun: number): Promise<number> {
  for (const end = performance.now() + 180_000; reader.count === 0; await systemClock.sleep(500)) {
    if (performance.now() > end) throw new Error('no order comes out');
    await load.insertProbe();
  }
  const seconds = (performance.now() - begun) / 1000;
  await reader.quiet(5000);
  await system.delivered(reader.count);
  return Number(seconds.toFixed(1));
}

async function catchUp(run: Run, orders: number): Promise<CatchUp> {
  const {surroundings, system, reader, load, pids} = run;
  const [cpu, records, seen] = [
    cpuSeconds(pids),
    await kafkaRecords(surroundings.brokers),
    reader.count,
  ];
  const begun = performance.now();
  await load.insert(orders);
  await reader.seen(seen + orders);
  const seconds = (performance.now() - begun) / 1000;
  await system.delivered(reader.count);
  // The last transaction's end, offsets and acknowledgements are part of the work.
  await reader.quiet(1000);
  return {
    orders,
    seconds: Number(seconds.toFixed(1)),
    ordersPerSecond: Math.round(orders / seconds),
    cpuSecondsPerMillion: since(cpu, pids, orders / 1e6, 1),
    kafkaRecordsPerOrder: Number(
      (((await kafkaRecords(surroundings.brokers)) - records) / orders).toFixed(2),
    ),
  };
}

async function atRate(
  {reader, load, system, pids}: Run,
  rate: number,
  seconds: number,
): Promise<AtRate> {
  await reader.quiet(2000);
  const cpu = cpuSeconds(pids);
  const begun = performance.now();
  const [first, seen] = [load.inserted, reader.count];
  await load.insertAtRate(rate, seconds);
  await reader.seen(seen + load.inserted - first);
  await system.delivered(reader.count);
  const cpuSecondsPerSecond = since(cpu, pids, (performance.now() - begun) / 1000, 2);
  const commits = await load.commitTimes(first + rate * SKIPPED_SECONDS);
  return {rate, ...latency(commits, reader.arrivals()), cpuSecondsPerSecond};
}

function cpuSeconds(pids: ByProcess): ByProcess {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, treeCpuSeconds(pid)]));
}

/** CPU-seconds since `before`, by `divisor`, with so many digits. */
function since(before: ByProcess, pids: ByProcess, divisor: number, digits: number): ByProcess {
  const now = Object.entries(cpuSeconds(pids));
  return Object.fromEntries(
    now.map(([name, seconds]) => [
      name,
      Number(((seconds - (before[name] ?? 0)) / divisor).toFixed(digits)),
    ]),
  );
}
