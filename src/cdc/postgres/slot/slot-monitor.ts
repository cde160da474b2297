import type {Clock} from '../../../common/clock.ts';
import {Latch} from '../../../common/latch.ts';
import type {Conditions} from '../../../common/conditions.ts';
import type {ErrorCode} from '../../../common/errors.ts';
import type {Logger} from '../../../common/logger.ts';
import type {GaugeLabelled, Metrics} from '../../../common/metrics.ts';
import {nameOf} from '../../table-filter.ts';
import type {TableFilter} from '../../table-filter.ts';
import type {PublicationMode} from '../catalog/publication.ts';
import {connect, disconnect, terminate} from '../connection/connection.ts';
import type {PostgresAddress} from '../connection/connection.ts';
import {postgresError} from '../connection/errors.ts';
import {formatLsn} from '../lsn.ts';
import {observedPublication} from './observed-publication.ts';
import {slotConditions} from './slot-conditions.ts';
import type {SlotCondition} from './slot-conditions.ts';
import {observeSlot} from './slot-observation.ts';
import type {SlotObservation} from './slot-observation.ts';
import type {SlotOptions} from './slot-options.ts';
import {stallOf, stallState} from './slot-stall.ts';
import type {StallState} from './slot-stall.ts';

export interface SlotMonitorOptions extends PostgresAddress {
  /** The source's name. */
  readonly name: string;
  /** For messages: `source camel: Postgres at host:5432`. */
  readonly where: string;
  readonly slotName: string;
  readonly publicationName: string;
  /** `filtered` where not given. */
  readonly publicationMode?: PublicationMode | undefined;
  /** Which tables are meant. */
  readonly filter: TableFilter;
  /** `publish.via.partition.root`; off where not given. */
  readonly publishViaPartitionRoot?: boolean | undefined;
  readonly slot: Pick<SlotOptions, 'monitorIntervalMs' | 'stallMs'>;
}

/** What the source is doing, as of now. */
export interface WatchedStream {
  /** PID of the walsender that streams to us; undefined while none does. */
  readonly pid: number | undefined;
  readonly received: bigint;
  /** The highest position that the server was ever told, or is about to be. */
  readonly confirmed: bigint;
  readonly captured: readonly string[];
  readonly systemId: string;
  readonly timeline: number | undefined;
}

export interface SlotMonitorDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
  readonly metrics?: Pick<Metrics, 'gauge'> | undefined;
  readonly stream: () => WatchedStream;
}

/** The slot on the server at the last look, for `/api/status`. Bytes are undefined where Postgres has no number. */
export interface SlotStatus {
  readonly active: boolean;
  readonly walStatus: string | undefined;
  readonly safeWalSize: number | undefined;
  readonly retainedBytes: number | undefined;
  readonly confirmedFlushLsn: string | undefined;
  readonly confirmedLagBytes: number | undefined;
  readonly failover: boolean;
  readonly timeline: number | undefined;
}

/** As long as one look may take, connecting not included. Milliseconds. */
const lookMs = 10_000;
/** As long as the server may take for one query of it. Milliseconds. */
const queryMs = 5_000;

/**
 * Looks at the slot, the publication and the server every so often, on a connection that is closed in between, and names
 * what is wrong as conditions of the source; they end by themselves when it is over.
 */
export class SlotMonitor {
  readonly #options: SlotMonitorOptions;
  readonly #deps: SlotMonitorDeps;
  readonly #subject: string;
  readonly #stop = new AbortController();
  readonly #raised = new Map<ErrorCode, SlotCondition>();
  readonly #latch = new Latch();
  #stall: StallState | undefined;
  #status: SlotStatus | undefined;

  constructor(options: SlotMonitorOptions, deps: SlotMonitorDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#subject = `source ${options.name}`;
  }

  /** Undefined before the first look, and while there is no slot. */
  get status(): SlotStatus | undefined {
    return this.#status;
  }

  start(): void {
    void this.#run(this.#stop.signal);
  }

  /** Soon, in place of when the interval is over: something has changed. */
  look(): void {
    this.#latch.wake();
  }

  /** At once; its conditions are over. */
  stop(): void {
    this.#stop.abort();
    this.#latch.wake();
    this.#show([]);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const conditions = await this.#look(signal);
      if (signal.aborted) return;
      this.#show(conditions);
      await this.#latch.waitFor(this.#options.slot.monitorIntervalMs, this.#deps.clock);
    }
  }

  async #look(signal: AbortSignal): Promise<readonly SlotCondition[]> {
    const before = this.#deps.stream();
    let seen: SlotObservation;
    try {
      seen = await this.#observe(signal);
    } catch (error) {
      const {message} = postgresError(error, this.#options);
      return [
        // What was wrong when it was last seen still is, as far as anybody knows.
        ...[...this.#raised.values()].filter(({code}) => code !== 'CDC_NOT_WATCHED'),
        {
          code: 'CDC_NOT_WATCHED',
          severity: 'warning',
          message: `the slot and the publication are not watched: ${message}`,
        },
      ];
    }
    const after = this.#deps.stream();
    // A stream that has begun or ended meanwhile is none to compare with.
    const pid = before.pid === after.pid ? after.pid : undefined;
    this.#measure(seen);
    const progress = {
      now: this.#deps.clock.now(),
      walEnd: seen.server.walEnd,
      received: after.received,
      confirmed: after.confirmed,
    };
    // Without a stream the reason has a name of its own.
    this.#stall = pid === undefined ? undefined : stallState(this.#stall, progress);
    const stall = this.#stall && stallOf(this.#stall, progress, this.#options.slot.stallMs);
    const {server, slot, found} = seen;
    const publication =
      seen.publication &&
      observedPublication(seen.publication, found, this.#options.filter, after.captured);
    const names = new Set(found.map(nameOf));
    // Nobody misses changes of a table that is gone.
    const captured = after.captured.filter((name) => names.has(name));
    return slotConditions({
      ...this.#options,
      ...after,
      captured,
      server,
      slot,
      publication,
      pid,
      stall,
    });
  }

  async #observe(signal: AbortSignal): Promise<SlotObservation> {
    const {slotName, publicationName} = this.#options;
    const client = await connect(this.#options, 'query');
    const done = new AbortController();
    const giveUp = async (): Promise<void> => {
      await this.#deps.clock.sleep(lookMs, AbortSignal.any([signal, done.signal]));
      if (!done.signal.aborted) terminate(client);
    };
    void giveUp();
    try {
      return await observeSlot(client, slotName, publicationName, queryMs);
    } finally {
      done.abort();
      disconnect(client);
    }
  }

  #show(conditions: readonly SlotCondition[]): void {
    const {conditions: shown, logger} = this.#deps;
    const source = this.#options.name;
    const subject = this.#subject;
    for (const code of this.#raised.keys()) {
      if (conditions.some((condition) => condition.code === code)) continue;
      this.#raised.delete(code);
      shown.clear(code, subject);
    }
    for (const condition of conditions) {
      const {code, message, severity} = condition;
      const before = this.#raised.get(code);
      this.#raised.set(code, condition);
      shown.raise({...condition, subject});
      // The condition goes on telling it.
      if (before === undefined || before.severity !== severity)
        logger[severity === 'warning' ? 'warn' : 'error']({source, code, subject}, message);
    }
  }

  #measure({slot, server: {walEnd, timeline}}: SlotObservation): void {
    this.#status = slot && {
      active: slot.activePid !== undefined,
      walStatus: slot.walStatus,
      safeWalSize: slot.safeWalSize,
      retainedBytes: bytesBetween(slot.restartLsn, walEnd),
      confirmedFlushLsn:
        slot.confirmedFlush === undefined ? undefined : formatLsn(slot.confirmedFlush),
      confirmedLagBytes: bytesBetween(slot.confirmedFlush, walEnd),
      failover: slot.failover,
      timeline,
    };
    if (this.#status === undefined) return;
    const {active, retainedBytes, safeWalSize, confirmedLagBytes} = this.#status;
    const labels = {source: this.#options.name};
    const gauge = (name: GaugeLabelled<'source'>, value: number | undefined): void => {
      if (value !== undefined) this.#deps.metrics?.gauge(name, labels, value);
    };
    gauge('millrace_cdc_slot_active', active ? 1 : 0);
    gauge('millrace_cdc_wal_retained_bytes', retainedBytes);
    gauge('millrace_cdc_wal_safe_bytes', safeWalSize);
    gauge('millrace_cdc_confirmed_lag_bytes', confirmedLagBytes);
  }
}

function bytesBetween(from: bigint | undefined, to: bigint): number | undefined {
  return from === undefined ? undefined : Math.max(0, Number(to - from));
}
