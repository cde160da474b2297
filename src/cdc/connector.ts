import {aborted} from '../common/aborted.ts';
import type {Clock} from '../common/clock.ts';
import type {Component, ComponentState, ComponentStatus} from '../common/component.ts';
import type {Conditions} from '../common/conditions.ts';
import {FatalError, RetriableError, ServiceError, TaskError} from '../common/errors.ts';
import {FailureCondition} from '../common/failure-condition.ts';
import type {Logger} from '../common/logger.ts';
import type {Metrics} from '../common/metrics.ts';
import type {KafkaClient, TransactionalProducer} from '../kafka/client.ts';
import type {SchemaRegistry} from '../serde/registry/schema-registry.ts';
import {capturedTables} from './captured-tables.ts';
import {connectorDefaults} from './connector-options.ts';
import type {ConnectorOptions} from './connector-options.ts';
import {eventsBefore} from './events-before.ts';
import {eventEncoding} from './events/event-encoding.ts';
import type {EventEncoding} from './events/event-encoding.ts';
import {topicName} from './events/topic-name.ts';
import {IncrementalSnapshots} from './incremental/incremental-snapshots.ts';
import {stateAtStart} from './incremental/state-at-start.ts';
import {cdcTransactionalId, OffsetStore, offsetsTopic} from './offset-store.ts';
import type {DurableOffset} from './offset-store.ts';
import {OnceWarnings} from './once-warnings.ts';
import {Publisher} from './publisher.ts';
import type {Published} from './publisher.ts';
import type {ReplicationSource, SourceOffset, StartingPoint} from './replication-source.ts';
import {SnapshotEncoder} from './snapshot/snapshot-encoder.ts';
import {SnapshotPublisher} from './snapshot/snapshot-publisher.ts';
import {SnapshotReporter} from './snapshot/snapshot-reporter.ts';
import {TransactionBatcher} from './transaction-batcher.ts';
import {commitTransaction} from './transaction-outcome.ts';

export interface ConnectorDeps {
  readonly applicationId: string;
  readonly source: ReplicationSource;
  readonly options: ConnectorOptions;
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
}

/** Milliseconds; doubles with each failure in a row. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5000;

/**
 * Bytes that Postgres cannot have sent were changed on the way, and come as they should when it sends them again; or they
 * come the same each time, which is told after so many times in a row.
 */
const DAMAGE_RETRIES = 3;

/**
 * A snapshot or a large transaction of Postgres is one Kafka transaction, however long it takes: as long as brokers allow
 * (`transaction.max.timeout.ms`). What a dead process leaves open ends when it is started again.
 */
const TRANSACTION_TIMEOUT_MS = 900_000;

/**
 * Brings one source's changes to Kafka: snapshot where there is no offset yet, then its transactions, each once.
 *
 * The transactional id belongs to the slot, so that a second connector of the slot fences the first.
 */
export class CdcConnector implements Component {
  readonly name: string;
  readonly #deps: ConnectorDeps;
  readonly #options: Required<ConnectorOptions>;
  readonly #logger: Logger;
  readonly #warnings: OnceWarnings;
  readonly #producer: TransactionalProducer;
  readonly #offsets: OffsetStore;
  #state: ComponentState = 'starting';
  #phase: 'snapshot' | 'stream' | undefined;
  #snapshotReporter: SnapshotReporter | undefined;
  #incremental: IncrementalSnapshots | undefined;
  #captured: () => readonly string[] = () => [];
  #events = 0;
  #lagMs: number | undefined;
  #lastEventAt: number | undefined;
  #failures = 0;
  /** Ends with `CDC_PROTOCOL` since an event was published. */
  #damages = 0;
  readonly #condition: FailureCondition;

  constructor(deps: ConnectorDeps) {
    const {applicationId, options, kafka, clock, logger} = deps;
    this.name = `source ${options.name}`;
    this.#deps = deps;
    this.#condition = new FailureCondition(deps.conditions, this.name);
    this.#options = {...connectorDefaults, ...options};
    this.#logger = logger.child({source: options.name});
    this.#warnings = new OnceWarnings(this.#logger);
    this.#producer = kafka.transactionalProducer(
      cdcTransactionalId(applicationId, options.slotName),
      {timeoutMs: TRANSACTION_TIMEOUT_MS},
    );
    const topic = offsetsTopic(applicationId);
    this.#offsets = new OffsetStore(kafka, topic, options.slotName, options.dbname, clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        try {
          await this.#start(signal);
        } catch (error) {
          if (signal.aborted && !(error instanceof FatalError)) break;
          await this.#afterFailure(error, signal);
        } finally {
          await this.#deps.source.close();
        }
      }
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
  }

  status(): ComponentStatus {
    const {slot, confirmedLsn, lagBytes, streams, replicationSlot} = this.#deps.source.status();
    const isReading = this.#phase === 'snapshot' || streams !== false;
    return {
      state: this.#state,
      phase: this.#phase,
      connected: this.#state === 'running' && isReading,
      slot,
      confirmedLsn,
      lagBytes,
      lagMs: this.#lagMs,
      lastEventAt: this.#lastEventAt,
      events: this.#events,
      replicationSlot,
      tables: this.#topicsByTable(),
      snapshot: this.#snapshotReporter?.status,
      incremental: this.#incremental?.progress(),
    };
  }

  /** Runs until `signal` aborts, from wherever the durable offset says. */
  async #start(signal: AbortSignal): Promise<void> {
    const {source, clock} = this.#deps;
    await this.#offsets.ensureTopic(this.#options.replicationFactor);
    // Decides what an earlier producer of the slot left open, so that the offset below is the last one.
    await this.#producer.init();
    const durable = await this.#offsets.read(signal);
    if (signal.aborted) return;
    const usable = await this.#usable(durable);
    const startingPoint = await source.open(usable, signal, {
      isMade: this.#offsets.isClaimed,
      make: () => this.#claimSlot(),
    });
    const {kind, from, catchUp, tables} = startingPoint;
    this.#captured = () => tables;
    if (catchUp !== undefined) {
      this.#runs('stream');
      await this.#stream(catchUp, tables, usable, signal, from.lsn);
      if (signal.aborted) return;
    }
    if (kind === 'snapshot' && !(await this.#snapshot(startingPoint, signal))) return;
    if (this.#options.snapshotMode === 'initial_only') {
      this.#runs('snapshot');
      return aborted(signal);
    }
    const {streamingDelayMs} = this.#options;
    if (kind === 'snapshot' && streamingDelayMs > 0) await clock.sleep(streamingDelayMs, signal);
    if (signal.aborted) return;
    this.#runs('stream');
    await this.#stream(from, tables, kind === 'snapshot' ? undefined : usable, signal);
    if (signal.aborted) return;
    throw new RetriableError('CDC_CONNECTION_FAILED', `${this.name}: its stream has ended`);
  }

  /** Before the slot is made: a start that finds it without an offset then knows whose it is. */
  async #claimSlot(): Promise<void> {
    this.#producer.begin();
    await this.#producer.send([this.#offsets.claim()]);
    await commitTransaction(this.#producer);
  }

  /** Undefined for a snapshot that was cut off and cannot go on beside the stream: it is taken anew. */
  async #usable(durable: DurableOffset | undefined): Promise<DurableOffset | undefined> {
    const {snapshot, tables = []} = durable ?? {};
    if (snapshot === undefined) return durable;
    if (this.#options.snapshotMode === 'initial_only') return undefined;
    const unfinished = tables.filter((table) => !snapshot.completed.includes(table));
    const keyless = await this.#deps.source.withoutKey(unfinished);
    if (keyless.length === 0) return durable;
    this.#logger.warn(
      {tables: keyless},
      `${this.name}: a snapshot was cut off, and ${keyless.join(', ')} without a primary key cannot be read beside the stream; it is taken anew, and rows that were published come again`,
    );
    return undefined;
  }

  async #snapshot(
    {from, tables, snapshotTables}: StartingPoint,
    signal: AbortSignal,
  ): Promise<boolean> {
    this.#runs('snapshot');
    const read = snapshotTables?.map(({table}) => table) ?? tables;
    const leftOut = tables.filter((table) => !read.includes(table));
    const {source, clock, metrics} = this.#deps;
    const logger = this.#logger;
    const parts = this.#encoding(from);
    const reporter = new SnapshotReporter(source.name, snapshotTables ?? [], {
      clock,
      logger,
      metrics,
    });
    this.#snapshotReporter = reporter;
    let state: 'completed' | 'aborted' = 'aborted';
    try {
      const publisher = new SnapshotPublisher({
        ...parts,
        encoder: new SnapshotEncoder(parts.context, parts.positions, leftOut),
        producer: this.#producer,
        offsets: this.#offsets,
        reporter,
        clock,
        limits: this.#options.batch,
        transaction: this.#options.snapshotTransaction,
      });
      const published = await publisher.run(
        source.snapshot(signal),
        {...from, tables, timeline: source.status().timeline},
        signal,
      );
      if (published === undefined) return false;
      this.#onPublished(published);
      state = 'completed';
      return true;
    } finally {
      reporter.end(state);
    }
  }

  /**
   * `durable`: what the offset said where streaming goes on; undefined after a snapshot. With `before`, ends once
   * everything that was committed before it is published.
   */
  async #stream(
    from: SourceOffset,
    tables: readonly string[],
    durable: DurableOffset | undefined,
    signal: AbortSignal,
    before?: bigint,
  ): Promise<void> {
    const {source, clock, conditions} = this.#deps;
    const parts = this.#encoding(from);
    await parts.transactions?.prepare();
    await parts.heartbeat?.prepare();
    const incremental = new IncrementalSnapshots(
      stateAtStart(durable, tables, this.#options.snapshotMode),
      {
        subject: this.name,
        source,
        chunkSize: this.#options.incrementalChunkSize,
        clock,
        logger: this.#logger,
        conditions,
      },
    );
    this.#incremental = incremental;
    const captured = capturedTables(tables, parts.encoders.tables);
    this.#captured = captured;
    const publisher = new Publisher(from, {
      batcher: new TransactionBatcher(from.lsn, durable === undefined ? null : from.lsn, {
        ...parts,
        incremental,
        signalTable: this.#options.signalTable,
      }),
      producer: this.#producer,
      offsets: this.#offsets,
      heartbeat: parts.heartbeat,
      clock,
      options: this.#options,
      restartFacts: () => ({
        timeline: source.status().timeline,
        tables: captured(),
        incremental: incremental.durable,
      }),
      onPublished: (published) => this.#onPublished(published),
    });
    const stop = new AbortController();
    const stopped = AbortSignal.any([signal, stop.signal]);
    // What one of the two ends with ends the other.
    const reading = incremental.run(stopped).finally(() => stop.abort());
    reading.catch(() => undefined);
    try {
      await publisher.run((ended) => {
        const transactions = source.transactions(from, ended);
        return before === undefined ? transactions : eventsBefore(transactions, before);
      }, stopped);
    } finally {
      stop.abort();
      await reading;
    }
  }

  #encoding({systemId}: SourceOffset): EventEncoding {
    const {kafka, registry, clock} = this.#deps;
    return eventEncoding(
      this.#options,
      systemId,
      kafka.admin,
      registry,
      clock,
      this.#logger,
      this.#warnings,
    );
  }

  /** Only now may the source forget what is durable. */
  #onPublished({lsn, events, transactions, commitTime}: Published): void {
    const {source, metrics, clock} = this.#deps;
    source.confirm(lsn);
    this.#failures = 0;
    if (transactions > 0)
      metrics.count('millrace_cdc_transactions_total', {source: source.name}, transactions);
    for (const [table, count] of events) {
      this.#events += count;
      metrics.count('millrace_cdc_events_total', {source: source.name, table}, count);
    }
    if (events.size > 0) this.#damages = 0;
    if (events.size > 0) this.#lastEventAt = clock.now();
    if (commitTime === undefined || events.size === 0) return;
    this.#lagMs = Math.max(0, clock.now() - Math.floor(commitTime / 1000));
    const labels = {source: source.name};
    metrics.gauge('millrace_cdc_milliseconds_behind_source', labels, this.#lagMs);
  }

  /** By `schema.table`: the topic that its events go to. */
  #topicsByTable(): Readonly<Record<string, string>> {
    const {topicPrefix} = this.#options;
    return Object.fromEntries(
      this.#captured().map((name) => {
        const at = name.indexOf('.');
        return [name, topicName(topicPrefix, name.slice(0, at), name.slice(at + 1))];
      }),
    );
  }

  #runs(phase: 'snapshot' | 'stream'): void {
    this.#state = 'running';
    this.#phase = phase;
    this.#condition.succeeded();
  }

  /** Waits before the next attempt; throws what another attempt cannot heal. */
  async #afterFailure(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof TaskError && error.code === 'KAFKA_PRODUCER_FENCED') {
      throw new FatalError(
        'KAFKA_PRODUCER_FENCED',
        `${this.name}: another process has taken over slot ${this.#options.slotName} (stop one of them, or give this one its own slot.name), or one transaction took longer than transaction.timeout.ms`,
        {cause: error},
      );
    }
    const isDamage = error instanceof ServiceError && error.code === 'CDC_PROTOCOL';
    if (!(error instanceof RetriableError || error instanceof TaskError || isDamage)) throw error;
    if (isDamage && ++this.#damages > DAMAGE_RETRIES) throw stillDamaged(error);
    const {errorsMaxRetries} = this.#options;
    if (errorsMaxRetries >= 0 && this.#failures >= errorsMaxRetries)
      throw new FatalError(error.code, error.message, {cause: error});
    const retryInMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#state = 'retrying';
    const {code, message} = error;
    const isNews = this.#condition.failed(error);
    // The condition goes on telling it.
    this.#logger[isNews ? 'warn' : 'debug']({code, subject: this.name, retryInMs}, message);
    this.#deps.metrics.count('millrace_retries_total', {component: this.name, code});
    await this.#deps.clock.sleep(retryInMs, signal);
  }
}

function stillDamaged(error: ServiceError): FatalError {
  return new FatalError(
    error.code,
    `${error.message}; it was read ${DAMAGE_RETRIES + 1} times and nothing of it was published: check what is between this service and Postgres, and what the server itself has there`,
    {cause: error},
  );
}
