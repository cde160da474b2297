import {ServiceError} from '../../../common/errors.ts';
import type {Relation, SourceEvent} from '../../replication-source.ts';
import {EnumLabels} from '../catalog/enum-labels.ts';
import type {Tuple} from '../../tuple.ts';
import {formatLsn} from '../lsn.ts';
import {PgoutputDecoder} from './pgoutput.ts';
import type {
  BeginMessage,
  ChangeMessage,
  CommitMessage,
  LogicalMessage,
  PgoutputMessage,
  RelationMessage,
} from './pgoutput.ts';

export interface TransactionReaderOutput {
  /** `bytes`: what the event took on the wire. */
  readonly push: (event: SourceEvent, bytes: number) => void;
  /** A table's shape came; `define` must be called with it before the next message. */
  readonly onRelation: (message: RelationMessage) => void;
  /** A row has a label that its enum did not have; `define` must be called with what the enum has now, as above. */
  readonly onNewLabel: (message: RelationMessage) => void;
}

interface KnownRelation {
  readonly message: RelationMessage;
  readonly relation: Relation;
  readonly labels: EnumLabels | undefined;
  /** By column: whether it belongs to the replica identity. */
  readonly identity: readonly boolean[];
}

interface ChangeToCome {
  readonly message: ChangeMessage;
  readonly lsn: bigint;
  readonly bytes: number;
}

/** An event that is not a row weighs this much in the consumer's buffer. */
const smallEventBytes = 64;

/**
 * Turns the messages of one connection after another into one sequence of whole transactions.
 *
 * A server sends again what it has not been told is durable. What was already handed out is left out: transactions that
 * end at or before `position`, and of a transaction that a lost connection cut in two the events before the cut
 * (decoding order is the same each time).
 */
export class TransactionReader {
  readonly #decoder = new PgoutputDecoder();
  #output: TransactionReaderOutput = {
    push: () => undefined,
    onRelation: () => undefined,
    onNewLabel: () => undefined,
  };
  #relations = new Map<number, KnownRelation | undefined>();
  #position: bigint;
  /** The transaction that is handed out in part: where its commit record starts, and how many changes of it. */
  #open: {readonly commitLsn: bigint; changes: number} | undefined;
  /** The begin that this connection is in. */
  #current: BeginMessage | undefined;
  /** Up to where this connection has told all that there is: no transaction may follow that was committed before. */
  #lastEnd = 0n;
  #skipTransaction = false;
  #skipChanges = 0;
  /** Waits for `define`. */
  #newLabel: ChangeToCome | undefined;

  constructor(from: bigint) {
    this.#position = from;
  }

  /** End-LSN of the last transaction or lone message that was handed out, or of what followed it without any change of ours. */
  get position(): bigint {
    return this.#position;
  }

  /** Of the transaction whose messages are being read; undefined between two. */
  get xid(): number | undefined {
    return this.#current?.xid;
  }

  /** What is read from now on comes from a new connection, which starts at `position` and knows no relations. */
  connected(output: TransactionReaderOutput): void {
    this.#output = output;
    this.#relations = new Map();
    this.#current = undefined;
    this.#lastEnd = 0n;
    this.#skipTransaction = false;
    this.#skipChanges = 0;
    // It was counted as handed out.
    if (this.#newLabel !== undefined && this.#open !== undefined) this.#open.changes--;
    this.#newLabel = undefined;
  }

  /** Answers `onRelation` and `onNewLabel`; undefined: not one of ours. */
  define(message: RelationMessage, relation: Relation | undefined): void {
    const {oid, columns} = message;
    const labels = relation && EnumLabels.of(relation, this.#relations.get(oid)?.labels);
    const identity = columns.map(({key}) => key);
    const known = relation && {message, relation, labels, identity};
    this.#relations.set(oid, known);
    const change = this.#newLabel;
    this.#newLabel = undefined;
    if (known !== undefined && change !== undefined)
      this.#emit(known, change.message, change.lsn, change.bytes);
  }

  read(buffer: Buffer, start: number, end: number, lsn: bigint): void {
    const message = this.#decode(buffer, start, end, lsn);
    switch (message.tag) {
      case 'insert':
      case 'update':
      case 'delete':
        return this.#change(message, lsn, end - start);
      case 'begin':
        return this.#begin(message);
      case 'commit':
        return this.#commit(message, lsn);
      case 'relation':
        return this.#output.onRelation(message);
      case 'truncate': {
        const relations = message.relationOids.flatMap(
          (oid) => this.#relationOf(oid, lsn)?.relation ?? [],
        );
        if (relations.length > 0 && this.#isNew())
          this.#output.push({kind: 'truncate', relations, lsn}, smallEventBytes);
        return;
      }
      case 'message':
        return this.#logicalMessage(message, end - start);
      case 'origin':
        return this.#origin(message.name, message.originLsn, lsn);
      case 'type':
        return;
    }
  }

  /** The server has sent everything up to `walEnd`. */
  keepalive(walEnd: bigint): void {
    if (this.#current !== undefined) return;
    if (walEnd > this.#lastEnd) this.#lastEnd = walEnd;
    if (this.#open !== undefined || walEnd <= this.#position) return;
    this.#position = walEnd;
    this.#output.push({kind: 'idle', endLsn: walEnd}, smallEventBytes);
  }

  #decode(buffer: Buffer, start: number, end: number, lsn: bigint): PgoutputMessage {
    try {
      return this.#decoder.decode(buffer, start, end, lsn);
    } catch (error) {
      throw this.#located(error);
    }
  }

  /** With the table and the column, where it is about a row. */
  #located(error: unknown): unknown {
    const column = this.#decoder.refusedColumn;
    if (column === undefined || !(error instanceof ServiceError)) return error;
    const {relationOid, index} = column;
    const known = this.#relations.get(relationOid)?.message;
    const where =
      known === undefined
        ? `relation ${relationOid}`
        : `${known.schema}.${known.table}, column ${known.columns[index]?.name ?? index + 1}`;
    return new ServiceError(error.code, `${error.message} (${where})`, {cause: error});
  }

  #begin(message: BeginMessage): void {
    const {commitLsn, commitTime, xid} = message;
    if (this.#current !== undefined || commitLsn < this.#lastEnd)
      throw outOfOrder(
        `the transaction at LSN ${formatLsn(commitLsn)} was sent after what follows it in the WAL`,
      );
    this.#current = message;
    // The server's own rule for what a position includes; a commit record that starts at it is the next one.
    this.#skipTransaction = commitLsn < this.#position;
    if (this.#skipTransaction) return;
    if (this.#open === undefined) {
      this.#open = {commitLsn, changes: 0};
      this.#skipChanges = 0;
      this.#output.push({kind: 'begin', commitLsn, commitTime, xid}, smallEventBytes);
    } else if (this.#open.commitLsn === commitLsn) {
      this.#skipChanges = this.#open.changes;
    } else {
      throw new ServiceError(
        'CDC_PROTOCOL',
        `the transaction at LSN ${formatLsn(this.#open.commitLsn)} was cut off and the server went on with the one at ${formatLsn(commitLsn)}`,
      );
    }
  }

  #commit({commitLsn, endLsn}: CommitMessage, lsn: bigint): void {
    if (this.#current?.commitLsn !== commitLsn || endLsn <= commitLsn)
      throw outOfOrder(`the commit at LSN ${formatLsn(lsn)} is not that of the open transaction`);
    this.#current = undefined;
    this.#lastEnd = endLsn;
    if (this.#skipTransaction) return;
    this.#open = undefined;
    this.#position = endLsn;
    this.#output.push({kind: 'commit', endLsn}, smallEventBytes);
  }

  #change(message: ChangeMessage, lsn: bigint, bytes: number): void {
    const known = this.#relationOf(message.relationOid, lsn);
    if (known === undefined || !this.#isNew()) return;
    if (known.labels?.meetsNew((message.after ?? message.before) as Tuple) === true) {
      this.#newLabel = {message, lsn, bytes};
      this.#output.onNewLabel(known.message);
    } else {
      this.#emit(known, message, lsn, bytes);
    }
  }

  #emit(
    {relation, identity}: KnownRelation,
    message: ChangeMessage,
    lsn: bigint,
    bytes: number,
  ): void {
    const {tag, beforeKind, before, after} = message;
    const width = relation.columns.length;
    if ((after ?? before)?.length !== width || (before !== undefined && before.length !== width))
      throw new ServiceError(
        'CDC_PROTOCOL',
        `a row of ${relation.schema}.${relation.table} at LSN ${formatLsn(lsn)} does not have its ${width} columns`,
      );
    this.#output.push(
      {
        kind: tag,
        relation,
        lsn,
        // Postgres sends null for what it leaves out of a key.
        before: beforeKind === 'key' ? before?.only(identity) : before,
        // Under FULL the old row has what an unchanged TOAST column does not bring.
        after: before !== undefined && beforeKind === 'row' ? after?.filledFrom(before) : after,
      },
      bytes,
    );
  }

  #origin(name: string, originLsn: bigint, lsn: bigint): void {
    if (this.#current === undefined)
      throw outOfOrder(`the origin at LSN ${formatLsn(lsn)} is in no transaction`);
    // Told again where a connection was lost within its transaction: it says the same.
    if (!this.#skipTransaction)
      this.#output.push({kind: 'origin', name, lsn: originLsn}, smallEventBytes);
  }

  #logicalMessage(message: LogicalMessage, bytes: number): void {
    const {prefix, content, transactional, lsn} = message;
    if (transactional) {
      if (!this.#isNew()) return;
    } else {
      if (lsn <= this.#position) return;
      this.#position = lsn;
    }
    this.#output.push({kind: 'message', prefix, content, transactional, lsn}, bytes);
  }

  /** Whether the change that comes now has not been handed out yet; counts it. */
  #isNew(): boolean {
    if (this.#skipTransaction) return false;
    if (this.#skipChanges > 0) {
      this.#skipChanges--;
      return false;
    }
    if (this.#open !== undefined) this.#open.changes++;
    return true;
  }

  #relationOf(oid: number, lsn: bigint): KnownRelation | undefined {
    if (this.#current === undefined)
      throw outOfOrder(`the change at LSN ${formatLsn(lsn)} is in no transaction`);
    const known = this.#relations.get(oid);
    if (known === undefined && !this.#relations.has(oid))
      throw new ServiceError(
        'CDC_PROTOCOL',
        `a change at LSN ${formatLsn(lsn)} names relation ${oid}, which the server has not described`,
      );
    return known;
  }
}

function outOfOrder(what: string): ServiceError {
  return new ServiceError('CDC_PROTOCOL', what);
}
