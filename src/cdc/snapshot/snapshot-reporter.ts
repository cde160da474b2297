import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import type {GaugeLabelled, Metrics} from '../../common/metrics.ts';
import type {SnapshotBatch, SnapshotEstimate} from '../replication-source.ts';
import {SnapshotProgress} from './snapshot-progress.ts';
import type {SnapshotStatus} from './snapshot-progress.ts';

/** How often the log tells the progress. Milliseconds. */
const REPORT_INTERVAL_MS = 10_000;

/** Tells how far one snapshot is: to the log from time to time, to metrics and `/api/status` at any time. */
export class SnapshotReporter {
  readonly #progress: SnapshotProgress;
  readonly #labels: {readonly source: string};
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #stopTimer: () => void;

  constructor(
    source: string,
    estimates: readonly SnapshotEstimate[],
    {
      clock,
      logger,
      metrics,
    }: {readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics},
  ) {
    this.#labels = {source};
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#progress = new SnapshotProgress(estimates, clock.now());
    this.#measure();
    this.#stopTimer = clock.every(REPORT_INTERVAL_MS, () => this.#report());
  }

  get status(): SnapshotStatus {
    return this.#progress.status(this.#clock.now());
  }

  scanned({relation: {schema, table}, rows, lastOfTable}: SnapshotBatch): void {
    const name = `${schema}.${table}`;
    const total = this.#progress.scanned(name, rows.length, lastOfTable, this.#clock.now());
    this.#metrics.gauge('millrace_cdc_rows_scanned', {...this.#labels, table: name}, total);
    if (lastOfTable) this.#measure();
  }

  /** Once: how it has ended. */
  end(state: 'completed' | 'aborted'): void {
    this.#stopTimer();
    this.#progress.end(state, this.#clock.now());
    this.#measure();
    this.#logger.info(fields(this.status), `the snapshot is ${state}`);
  }

  #report(): void {
    const {status} = this;
    this.#measure();
    const {totalTableCount, remainingTableCount, rowsScanned, rowsPerSecond} = status;
    const left = status.etaSeconds === null ? '' : `, about ${status.etaSeconds} s left`;
    this.#logger.info(
      fields(status),
      `snapshot: ${totalTableCount - remainingTableCount} of ${totalTableCount} tables, ${rowsScanned} rows (${status.percent} %), ${rowsPerSecond} rows/s${left}`,
    );
  }

  #measure(): void {
    const {status} = this;
    const {state, totalTableCount, remainingTableCount, durationInSeconds} = status;
    const gauge = (name: GaugeLabelled<'source'>, value: number): void =>
      this.#metrics.gauge(name, this.#labels, value);
    gauge('millrace_cdc_total_table_count', totalTableCount);
    gauge('millrace_cdc_remaining_table_count', remainingTableCount);
    gauge('millrace_cdc_snapshot_running', Number(state === 'running'));
    gauge('millrace_cdc_snapshot_completed', Number(state === 'completed'));
    gauge('millrace_cdc_snapshot_aborted', Number(state === 'aborted'));
    gauge('millrace_cdc_snapshot_duration_in_seconds', durationInSeconds);
  }
}

/** What a log line says of it: the tables that are being read, none of the others. */
function fields({tables, ...status}: SnapshotStatus): object {
  const running = Object.entries(tables).filter(([, {state}]) => state === 'running');
  return {...status, tables: Object.fromEntries(running)};
}
