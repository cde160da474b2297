import type {Client} from 'pg';
import type {ServiceError} from '../../common/errors.ts';
import type {Metrics} from '../../common/metrics.ts';
import type {
  ReplicationSource,
  SlotClaim,
  SnapshotBatch,
  SourceEvent,
  SourceOffset,
  SourceStatus,
  StartingPoint,
} from '../replication-source.ts';
import {TableFilter} from '../table-filter.ts';
import {backendPid, connect, terminate} from './connection/connection.ts';
import type {ChunkRequest, SnapshotChunk} from '../chunk-source.ts';
import {matchesTable} from '../incremental/incremental-state.ts';
import {ChunkConnection} from './snapshot/chunk-connection.ts';
import type {ChunkOutcome} from './snapshot/chunk-reader.ts';
import {isPublicationSkipped, postgresError, publicationLostError} from './connection/errors.ts';
import type {ServerNotice} from './connection/errors.ts';
import {HeartbeatAction} from './heartbeat-action.ts';
import {hostsText} from './connection/hosts.ts';
import {livenessTimings} from './stream/liveness.ts';
import {formatLsn} from './lsn.ts';
import {openSource} from './open-source.ts';
import {defaultTimeouts} from './postgres-source-options.ts';
import type {PostgresSourceOptions, SourceTimeouts} from './postgres-source-options.ts';
import {snapshotDefaults} from './snapshot/open-snapshot.ts';
import type {SnapshotOptions} from './snapshot/open-snapshot.ts';
import {readServer} from './catalog/preflight.ts';
import {KeyConditions} from './catalog/key-conditions.ts';
import {Relations} from './catalog/relations.ts';
import {Retry} from './connection/retry.ts';
import type {RetryDeps} from './connection/retry.ts';
import {dropSlotAtEnd} from './slot/drop-slot-at-end.ts';
import {identifySystem, readSlot} from './slot/slot.ts';
import {SlotMonitor} from './slot/slot-monitor.ts';
import {slotDefaults} from './slot/slot-options.ts';
import type {SlotOptions} from './slot/slot-options.ts';
import {readSnapshot} from './snapshot/snapshot-reader.ts';
import type {OpenSnapshot} from './snapshot/snapshot-reader.ts';
import {expectsSnapshot, startingDecision} from './slot/starting-point.ts';
import type {SnapshotMode} from './slot/starting-point.ts';
import {StreamSession} from './stream/stream-session.ts';
import {divergence} from './slot/timeline.ts';
import {TransactionReader} from './stream/transaction-reader.ts';

export interface PostgresSourceDeps extends RetryDeps {
  readonly metrics?: Pick<Metrics, 'count' | 'gauge'> | undefined;
}

const claimed: SlotClaim = {isMade: true, make: async () => undefined};

/** Postgres over logical replication: pgoutput for changes, COPY on the slot's exported snapshot for what was before. */
export class PostgresSource implements ReplicationSource {
  readonly name: string;
  readonly #options: PostgresSourceOptions;
  readonly #timeouts: SourceTimeouts;
  readonly #slot: SlotOptions;
  readonly #deps: PostgresSourceDeps;
  readonly #where: string;
  readonly #filter: TableFilter;
  readonly #relations: Relations;
  readonly #keys: KeyConditions;
  readonly #chunks: ChunkConnection;
  /** `schema.table` of what the filters matched at the last start. */
  #matched: readonly string[] = [];
  #snapshot: OpenSnapshot | undefined;
  readonly #snapshotOptions: SnapshotOptions;
  #snapshotMode: SnapshotMode;
  /** Consistent point of a snapshot that was read to its end. */
  #readUpTo: bigint | undefined;
  #session: StreamSession | undefined;
  #confirmed = 0n;
  #received = 0n;
  #reached = false;
  /** Aborts when the source is not wanted any more. */
  #stopping: AbortSignal | undefined;
  /** Ends what is read when the source is closed. */
  #closing = new AbortController();
  #monitor: SlotMonitor | undefined;
  #heartbeat: HeartbeatAction | undefined;
  /** The server that is read. */
  #systemId = '';
  #timeline: number | undefined;
  /** Of the walsender that streams. */
  #pid: number | undefined;

  constructor(options: PostgresSourceOptions, deps: PostgresSourceDeps) {
    this.name = options.name;
    this.#options = options;
    this.#timeouts = {...defaultTimeouts, ...options.timeouts};
    this.#slot = {...slotDefaults, ...options.slot};
    this.#snapshotOptions = {...snapshotDefaults, ...options.snapshot};
    this.#snapshotMode = options.snapshotMode;
    this.#deps = deps;
    this.#filter = new TableFilter(options);
    this.#relations = new Relations(this.#filter);
    this.#where = `source ${options.name}: Postgres at ${hostsText(options)}`;
    this.#keys = new KeyConditions({name: options.name, where: this.#where}, deps);
    this.#chunks = new ChunkConnection(options, this.#relations, this.#snapshotOptions);
  }

  async open(
    durable: SourceOffset | undefined,
    signal: AbortSignal,
    claim: SlotClaim = claimed,
  ): Promise<StartingPoint> {
    this.#dropSnapshot();
    this.#monitor?.stop();
    this.#heartbeat?.stop();
    this.#stopping = signal;
    this.#closing = new AbortController();
    const {startMs} = this.#timeouts;
    const {delayMs} = this.#snapshotOptions;
    if (delayMs > 0 && expectsSnapshot(this.#snapshotMode, durable))
      await this.#deps.clock.sleep(delayMs, signal);
    signal.throwIfAborted();
    const retry = this.#retry(this.#reached ? 0 : startMs);
    for (;;) {
      try {
        const {startingPoint, matched, snapshot, timeline} = await openSource(
          {
            ...this.#options,
            publicationMode: this.#options.publicationMode ?? 'filtered',
            publishViaPartitionRoot: this.#options.publishViaPartitionRoot ?? false,
            replicaIdentityRules: this.#options.replicaIdentityRules ?? [],
            filter: this.#filter,
            snapshotMode: this.#snapshotMode,
            snapshot: this.#snapshotOptions,
            where: this.#where,
            slotCreationMs: this.#timeouts.slotCreationMs,
            slot: this.#slot,
            timeline: durable?.timeline ?? this.#timeline,
            claim,
          },
          durable,
          {...this.#deps, keys: this.#keys},
          this.#relations,
        );
        retry.succeeded();
        this.#reached = true;
        this.#matched = matched;
        this.#snapshot = snapshot;
        this.#confirmed = (startingPoint.catchUp ?? startingPoint.from).lsn;
        this.#systemId = startingPoint.from.systemId;
        this.#timeline = timeline;
        this.#watch();
        return startingPoint;
      } catch (error) {
        await retry.after(error, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  async *snapshot(signal: AbortSignal): AsyncGenerator<SnapshotBatch> {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) throw new Error('open() has not started a snapshot');
    const stop = (): void => this.#dropSnapshot();
    signal.addEventListener('abort', stop);
    try {
      yield* readSnapshot(snapshot, this.#snapshotOptions);
      this.#readUpTo = snapshot.position.consistentPoint;
    } catch (error) {
      // What it waited for was cut off by us.
      if (!signal.aborted) throw postgresError(error, this.#options);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#dropSnapshot();
    }
  }

  async *transactions(
    from: SourceOffset,
    signal: AbortSignal,
  ): AsyncGenerator<readonly SourceEvent[]> {
    // Its slot went with the snapshot.
    if (this.#options.snapshotMode === 'initial_only') return;
    if (from.lsn > this.#confirmed) this.#confirmed = from.lsn;
    const reader = new TransactionReader(from.lsn);
    const retry = this.#retry(Infinity);
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    const stop = (): void => this.#session?.stop();
    ended.addEventListener('abort', stop);
    try {
      while (!ended.aborted) {
        try {
          const session = await this.#startSession(reader, from.systemId, retry);
          while (!ended.aborted) {
            const events = await session.take();
            if (events === undefined || ended.aborted) return;
            this.#received = session.received;
            yield events;
          }
        } catch (error) {
          await this.#endSession();
          await retry.after(error, ended);
        }
      }
    } finally {
      ended.removeEventListener('abort', stop);
      await this.#endSession();
    }
  }

  async tablesMatching(pattern: string): Promise<readonly string[]> {
    return this.#matched.filter((table) => matchesTable(pattern, table));
  }

  withoutKey(tables: readonly string[]): Promise<readonly string[]> {
    return this.#chunks.withoutKey(tables);
  }

  readChunk(
    request: ChunkRequest,
    accept: (chunk: SnapshotChunk) => boolean,
  ): Promise<ChunkOutcome> {
    return this.#chunks.readChunk(request, accept);
  }

  confirm(lsn: bigint): void {
    // The snapshot of this start is durable; what is opened again after a failure goes on from there.
    if (this.#snapshotMode === 'always' && this.#readUpTo !== undefined && lsn >= this.#readUpTo)
      this.#snapshotMode = 'initial';
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    this.#session?.confirm(lsn);
  }

  status(): SourceStatus {
    const received = this.#highestReceived();
    return {
      slot: this.#options.slotName,
      confirmedLsn: this.#confirmed === 0n ? undefined : formatLsn(this.#confirmed),
      lagBytes: received === 0n ? undefined : Math.max(0, Number(received - this.#confirmed)),
      timeline: this.#timeline,
      streams: this.#pid !== undefined,
      replicationSlot: this.#monitor?.status,
    };
  }

  /** Also ends a `transactions` that is being read. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#monitor?.stop();
    this.#monitor = undefined;
    this.#heartbeat?.stop();
    this.#chunks.close();
    this.#dropSnapshot();
    await this.#endSession();
    if (this.#slot.dropOnStop && this.#reached && this.#stopping?.aborted === true)
      await dropSlotAtEnd(this.#options, this.#deps);
  }

  /** A new connection has received nothing yet. */
  #highestReceived(): bigint {
    const received = this.#session?.received ?? 0n;
    return received > this.#received ? received : this.#received;
  }

  #watch(): void {
    // Its slot goes with the snapshot.
    if (this.#options.snapshotMode === 'initial_only') return;
    const {clock, logger, conditions, metrics} = this.#deps;
    this.#monitor = new SlotMonitor(
      {...this.#options, slot: this.#slot, where: this.#where, filter: this.#filter},
      {
        clock,
        logger,
        conditions,
        metrics,
        stream: () => ({
          pid: this.#pid,
          received: this.#highestReceived(),
          confirmed: this.#confirmed,
          captured: this.#matched,
          systemId: this.#systemId,
          timeline: this.#timeline,
        }),
      },
    );
    this.#monitor.start();
    const {intervalMs = 0, actionQuery: query} = this.#options.heartbeat ?? {};
    if (query === undefined || intervalMs === 0) return;
    this.#heartbeat = new HeartbeatAction({...this.#options, intervalMs, query}, this.#deps);
    this.#heartbeat.start();
  }

  #retry(patienceMs: number): Retry {
    const {errorsMaxRetries: maxRetries = -1} = this.#options;
    return new Retry(this.#deps, this.#options, {patienceMs, maxRetries, slot: this.#slot});
  }

  async #startSession(
    reader: TransactionReader,
    systemId: string,
    retry: Retry,
  ): Promise<StreamSession> {
    const walsender = await connect(this.#options, 'replication');
    try {
      const {walSenderTimeoutMs} = await this.#checkSlot(walsender, systemId, reader.position);
      const {slotName, publicationName} = this.#options;
      this.#session = new StreamSession(
        walsender,
        this.#options,
        {
          slot: slotName,
          publication: publicationName,
          from: reader.position,
          confirmed: this.#confirmed,
          timings: livenessTimings(walSenderTimeoutMs, this.#timeouts.silenceMs),
        },
        reader,
        {
          clock: this.#deps.clock,
          relations: this.#relations,
          filter: this.#filter,
          onStart: () => {
            this.#pid = backendPid(walsender);
            this.#monitor?.look();
            retry.succeeded();
          },
          onTable: (table) => this.#keys.check(table),
          onNotice: (notice) => this.#onNotice(notice),
        },
      );
      return this.#session;
    } catch (error) {
      terminate(walsender);
      throw error;
    }
  }

  /** Postgres starts a slot that was recreated or advanced where that slot is, without a word. */
  async #checkSlot(
    walsender: Client,
    systemId: string,
    handedOut: bigint,
  ): Promise<{walSenderTimeoutMs: number}> {
    const {slotName, dbname} = this.#options;
    const identity = await identifySystem(walsender);
    // What was handed out is about to be in Kafka, too.
    const diverged = await divergence(walsender, identity, handedOut, this.#timeline);
    const decision = startingDecision({
      where: this.#where,
      slotName,
      dbname,
      // While it runs there is no way back to a snapshot.
      snapshotMode: 'initial',
      durable: {lsn: this.#confirmed, systemId},
      isClaimed: true,
      slot: await readSlot(walsender, slotName),
      systemId: identity.systemId,
      diverged,
    });
    if (decision.action === 'fail') throw decision.error;
    if (this.#timeline !== undefined && this.#timeline !== identity.timeline)
      this.#deps.logger.warn(
        {source: this.name, code: 'CDC_TIMELINE_SWITCHED', timeline: identity.timeline},
        `${this.#where} was promoted from timeline ${this.#timeline} to ${identity.timeline}; its slot came along and nothing is missing`,
      );
    this.#timeline = identity.timeline;
    return readServer(walsender);
  }

  /** From Postgres 18 a missing publication is a warning and its changes are left out. */
  #onNotice(notice: ServerNotice): ServiceError | undefined {
    this.#deps.logger.warn({source: this.name, notice: notice.message}, 'Postgres says');
    return isPublicationSkipped(notice)
      ? publicationLostError(this.#where, this.#options)
      : undefined;
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#pid = undefined;
    await session?.close();
  }

  #dropSnapshot(): void {
    this.#snapshot?.readers.forEach(terminate);
    this.#snapshot = undefined;
  }
}
