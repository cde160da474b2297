import type {Logger} from '../common/logger.ts';
import type {EventContext} from './events/event-context.ts';
import type {ChunkRows, IncrementalSnapshots} from './incremental/incremental-snapshots.ts';
import type {CollectedRecords, RecordCollector} from './events/record-collector.ts';
import type {MessageEvents} from './events/message-events.ts';
import {formatLsn} from './postgres/lsn.ts';
import type {
  LogicalDecodingMessage,
  Relation,
  RowChange,
  SourceEvent,
} from './replication-source.ts';
import type {SourcePositionHeader} from './events/source-position-header.ts';
import type {TableEncoder} from './events/table-encoder.ts';
import type {TransactionMetadata} from './events/transaction-metadata.ts';

export interface BatchLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** The encoders of the relations; each is undefined until it is prepared. */
export interface EncoderLookup {
  get(relation: Relation): TableEncoder | undefined;
  prepare(relation: Relation): Promise<unknown>;
}

/** Turns source events into records and knows up to where they make whole transactions. */
export class TransactionBatcher {
  /** End of the last whole transaction, or of the idle WAL after it. */
  endLsn: bigint;
  /** Microseconds: when the last whole transaction was committed. */
  commitTime: number | undefined;

  readonly #start: bigint;
  readonly #encoders: EncoderLookup;
  readonly #context: EventContext;
  readonly #records: RecordCollector;
  readonly #positions: SourcePositionHeader;
  readonly #limits: BatchLimits;
  readonly #incremental: IncrementalSnapshots;
  readonly #messages: MessageEvents;
  readonly #transactions: TransactionMetadata | undefined;
  /** Whether TRUNCATE is written; else it is warned of. */
  readonly #truncates: boolean;
  readonly #signalTable: string | undefined;
  readonly #logger: Logger;
  #lastCommitLsn: bigint | null;
  #openCommitTime = 0;
  #openXid = 0;
  #ordinal = 0;
  #ended = 0;
  #isOpen = false;
  #isSkipping = false;
  #isPartlyTaken = false;
  /** The encoder of the relation before; changes come in runs of one table. */
  #relation: Relation | undefined;
  #unprepared: Relation | 'messages' | undefined;
  #encoder: TableEncoder | undefined;

  /** Transactions committed before `start` are skipped: they are durable. `lastCommitLsn` is null after a snapshot. */
  constructor(
    start: bigint,
    lastCommitLsn: bigint | null,
    parts: {
      readonly encoders: EncoderLookup;
      readonly context: EventContext;
      readonly records: RecordCollector;
      readonly positions: SourcePositionHeader;
      readonly limits: BatchLimits;
      /** Reads along with the stream. */
      readonly incremental: IncrementalSnapshots;
      readonly messages: MessageEvents;
      readonly transactions: TransactionMetadata | undefined;
      readonly truncates: boolean;
      /** `schema.table` of `signal.data.collection`. */
      readonly signalTable: string | undefined;
      readonly logger: Logger;
    },
  ) {
    this.#start = start;
    this.endLsn = start;
    this.#lastCommitLsn = lastCommitLsn;
    this.#encoders = parts.encoders;
    this.#context = parts.context;
    this.#records = parts.records;
    this.#positions = parts.positions;
    this.#limits = parts.limits;
    this.#incremental = parts.incremental;
    this.#messages = parts.messages;
    this.#transactions = parts.transactions;
    this.#truncates = parts.truncates;
    this.#signalTable = parts.signalTable;
    this.#logger = parts.logger;
  }

  /** Records of whole transactions that wait to be taken. */
  get whole(): number {
    return this.#records.marked;
  }

  get isFull(): boolean {
    return (
      this.#records.length >= this.#limits.maxRecords ||
      this.#records.bytes >= this.#limits.maxBytes
    );
  }

  /** Some records of a transaction whose commit has not come yet were taken by `takeAll`. */
  get isPartlyTaken(): boolean {
    return this.#isPartlyTaken;
  }

  /**
   * Encodes `events` from index `from` on, as processed at `now` (microseconds). Returns where it stopped: their
   * length, or an event that `prepare` has to be called for.
   */
  add(events: readonly SourceEvent[], from: number, now: number): number {
    this.#context.processedAt(now);
    for (let at = from; at < events.length; at++) {
      const event = events[at] as SourceEvent;
      switch (event.kind) {
        case 'begin':
          this.#begin(event.commitLsn, event.commitTime, event.xid);
          break;
        case 'commit':
          this.#commit(event.endLsn);
          break;
        case 'idle':
          if (event.endLsn > this.endLsn) this.endLsn = event.endLsn;
          break;
        case 'origin':
          this.#context.origin = event;
          break;
        case 'message':
          if (!this.#message(event, now)) return at;
          break;
        case 'truncate':
          if (!this.#isSkipping && !this.#truncate(event.relations, event.lsn)) return at;
          break;
        case 'insert':
        case 'update':
        case 'delete': {
          if (this.#isSkipping) break;
          const {relation} = event;
          if (relation !== this.#relation && !this.#switchTo(relation)) return at;
          if (this.#encoder === undefined) {
            this.#signal(event);
            break;
          }
          const position = this.#positions.at(++this.#ordinal);
          try {
            this.#encoder.change(event, position);
          } catch (error) {
            const {after, before, lsn} = event;
            throw this.#encoder.located(error, [after, before], `at LSN ${formatLsn(lsn)}`);
          }
          if (this.#incremental.isReading) this.#incremental.change(event);
        }
      }
    }
    return events.length;
  }

  /** Makes ready what the event needs that stopped `add`. */
  async prepare(): Promise<void> {
    const unprepared = this.#unprepared;
    this.#unprepared = undefined;
    if (unprepared === 'messages') await this.#messages.prepare();
    else if (unprepared !== undefined) await this.#encoders.prepare(unprepared);
  }

  /** The records of the whole transactions, up to `endLsn`. */
  take(): CollectedRecords {
    return this.#records.take();
  }

  /** How many transactions have ended since it was asked the last time. */
  takeTransactions(): number {
    const ended = this.#ended;
    this.#ended = 0;
    return ended;
  }

  /** Everything, with the records of the open transaction so far. */
  takeAll(): CollectedRecords {
    this.#isPartlyTaken = this.#isOpen;
    this.#records.mark();
    return this.#records.take();
  }

  #begin(commitLsn: bigint, commitTime: number, xid: number): void {
    this.#isOpen = true;
    this.#isSkipping = commitLsn < this.#start;
    this.#ordinal = 0;
    this.#openCommitTime = commitTime;
    this.#openXid = xid;
    this.#incremental.begin(xid);
    this.#context.transaction(commitTime, xid, this.#lastCommitLsn);
    this.#context.origin = undefined;
    this.#transactions?.begin(xid, commitTime);
    this.#positions.lsn = commitLsn;
  }

  #commit(endLsn: bigint): void {
    this.#isOpen = false;
    this.#isPartlyTaken = false;
    this.#lastCommitLsn = endLsn;
    if (this.#isSkipping) return;
    this.#transactions?.end(endLsn);
    this.#ended++;
    this.#records.mark();
    this.#incremental.commit();
    this.commitTime = this.#openCommitTime;
    if (endLsn > this.endLsn) this.endLsn = endLsn;
  }

  /** A row of the signal table, as Debezium has it: `id`, `type`, `data`. */
  #signal({kind, after}: RowChange): void {
    const type = after?.text(1);
    if (kind === 'insert' && typeof type === 'string')
      this.#incremental.signal(type, after?.text(2) ?? null);
  }

  /** Leaves the signal table without an encoder: its rows are no events. */
  #switchTo(relation: Relation): boolean {
    if (`${relation.schema}.${relation.table}` === this.#signalTable) {
      this.#relation = relation;
      this.#encoder = undefined;
      return true;
    }
    const encoder = this.#encoders.get(relation);
    if (encoder === undefined) {
      this.#unprepared = relation;
      return false;
    }
    this.#relation = relation;
    this.#encoder = encoder;
    return true;
  }

  /** False where something has to be prepared for it. */
  #message(message: LogicalDecodingMessage, now: number): boolean {
    const {transactional, prefix, content, lsn} = message;
    if (transactional && this.#isSkipping) return true;
    if (!transactional) {
      this.#context.loneMessage(now, lsn);
      this.#context.origin = undefined;
      // Within its record: after the commit before it, and before one that begins where it ends.
      this.#positions.lsn = lsn - 1n;
      this.#ordinal = 0;
    }
    if (!this.#messageEvent(message)) return false;
    if (!this.#chunk(this.#incremental.message(prefix, content))) return false;
    if (!transactional) {
      this.#incremental.commit();
      this.#records.mark();
      if (lsn > this.endLsn) this.endLsn = lsn;
    }
    return true;
  }

  #messageEvent(message: LogicalDecodingMessage): boolean {
    if (!this.#messages.includes(message)) return true;
    if (!this.#messages.isPrepared) {
      this.#unprepared = 'messages';
      return false;
    }
    this.#messages.append(message, this.#positions.at(++this.#ordinal));
    if (!message.transactional) this.#lastCommitLsn = message.lsn;
    return true;
  }

  /** Rows of an incremental snapshot that belong here. */
  #chunk(read: ChunkRows | undefined): boolean {
    if (read === undefined) return true;
    const {chunk, rows} = read;
    if (!this.#switchTo(chunk.relation)) return false;
    this.#context.incremental(chunk.readAt, this.#lastCommitLsn);
    const encoder = this.#encoder as TableEncoder;
    for (const row of rows) {
      try {
        encoder.read(row, null, [this.#positions.at(++this.#ordinal)]);
      } catch (error) {
        throw encoder.located(error, [row], 'in an incremental snapshot');
      }
    }
    this.#context.transaction(this.#openCommitTime, this.#openXid, this.#lastCommitLsn);
    this.#incremental.published(read);
    return true;
  }

  /** False where a relation has no encoder yet. */
  #truncate(relations: readonly Relation[], lsn: bigint): boolean {
    if (this.#truncates) {
      for (const relation of relations) if (!this.#switchTo(relation)) return false;
      for (const relation of relations) {
        this.#encoders.get(relation)?.truncate(lsn, this.#positions.at(++this.#ordinal));
      }
    } else {
      for (const relation of relations) this.#warnOfTruncate(relation);
    }
    this.#incremental.truncate(relations);
    return true;
  }

  #warnOfTruncate({schema, table}: Relation): void {
    this.#logger.warn(
      {table: `${schema}.${table}`},
      `${schema}.${table} was truncated; change events do not tell (skipped.operations, or rows without envelope), so its rows stay downstream`,
    );
  }
}
