import type {Latency} from './latency.ts';
import type {ResultCheck} from './result-check.ts';

/** By the name of a process. */
export type ByProcess = Readonly<Record<string, number>>;

export interface CatchUp {
  readonly orders: number;
  /** From the first insert until the last order is visible in `orders_enriched`. */
  readonly seconds: number;
  readonly ordersPerSecond: number;
  /** Until the system has delivered them all. */
  readonly cpuSecondsPerMillion: ByProcess;
  readonly kafkaRecordsPerOrder: number;
}

export interface AtRate extends Latency {
  /** Orders a second, as asked for. */
  readonly rate: number;
  readonly cpuSecondsPerSecond: ByProcess;
}

/** What one system took. */
export interface Measurement {
  readonly system: string;
  readonly includes: string;
  /** From the start of its first process; both dimensions are read, and one order comes out. */
  readonly secondsToFirstRow: number;
  readonly catchUp: CatchUp;
  readonly atRates: readonly AtRate[];
  /** Not of Postgres, whose processes share their memory. */
  readonly peakRssMb: ByProcess;
  readonly check: ResultCheck;
  /** Orders in the warehouse at the end; undefined where there is none. */
  readonly inWarehouse: number | undefined;
}

/** Whether every order has come out once, as SQL has it, and has reached the warehouse where there is one. */
export function isRight({check, inWarehouse}: Measurement): boolean {
  const {orders, missing, doubled, rowsEqual} = check;
  return (
    orders > 0 &&
    missing === 0 &&
    doubled === 0 &&
    rowsEqual &&
    (inWarehouse === undefined || inWarehouse === orders)
  );
}
