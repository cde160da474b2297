import {FatalError} from '../common/errors.ts';
import type {ProducerRecord, RecordHeader} from '../kafka/client.ts';
import {partitionFor} from '../kafka/partitioner.ts';
import type {RecordBuffer} from '../serde/record-buffer.ts';
import type {EventContext} from './event-context.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';
import type {Relation, RowChange, Tuple} from './replication-source.ts';
import {writeOldRow, writeRow} from './row-layout.ts';
import type {ColumnLayout, RowLayout} from './row-layout.ts';
import {asciiString} from './types/json-text.ts';

/** Takes the records in the order in which they must stand in their partitions. */
export interface RecordSink {
  append(target: EventTarget, record: ProducerRecord): void;
}

/** What a connector's tables have in common. */
export interface EncoderParts {
  readonly out: RecordBuffer;
  readonly context: EventContext;
  readonly sink: RecordSink;
  readonly afterStateOnly: boolean;
  /** Whether a tombstone follows each delete. */
  readonly tombstones: boolean;
}

type Op = 'c' | 'u' | 'd' | 'r';

/**
 * Writes one relation's changes as Debezium's change events, straight from Postgres' text to bytes.
 *
 * The value is the envelope, or with `after.state.only` the row with `__deleted`. `header` is Confluent's five bytes,
 * empty for plain JSON.
 */
export class TableEncoder {
  readonly topic: EventTopic;
  readonly #relation: Relation;
  readonly #parts: EncoderParts;
  readonly #columns: readonly ColumnLayout[];
  readonly #key: readonly ColumnLayout[];
  readonly #keyHeader: Uint8Array;
  readonly #valueHeader: Uint8Array;
  readonly #table: string;
  readonly #fullOld: boolean;
  /** The pieces of the context that name the table, as of the context's serial. */
  #contextSerial = -1;
  #beforeLsn = '';

  constructor(
    relation: Relation,
    layout: RowLayout,
    topic: EventTopic,
    headers: {readonly key: Uint8Array; readonly value: Uint8Array},
    parts: EncoderParts,
  ) {
    this.topic = topic;
    this.#relation = relation;
    this.#parts = parts;
    this.#columns = layout.columns;
    this.#key = layout.key;
    this.#keyHeader = headers.key;
    this.#valueHeader = headers.value;
    this.#table = `${asciiString(relation.schema)},"table":${asciiString(relation.table)}`;
    this.#fullOld = relation.replicaIdentity === 'full';
  }

  /** The records of one change; `position` is the header that says where in its source it stands. */
  change(change: RowChange, position: RecordHeader): void {
    const {kind, before, after} = change;
    if (kind === 'delete') {
      this.#delete(before as Tuple, change.lsn, [position]);
    } else if (
      kind === 'update' &&
      before !== undefined &&
      this.#keyChanged(before, after as Tuple)
    ) {
      const row = completed(after as Tuple, before);
      this.#delete(before, change.lsn, [
        position,
        keyHeader('__debezium.newkey', this.#keyJson(row)),
      ]);
      const headers = [position, keyHeader('__debezium.oldkey', this.#keyJson(before))];
      this.#upsert('c', row, undefined, change.lsn, headers);
    } else {
      const op = kind === 'insert' ? 'c' : 'u';
      this.#upsert(op, after as Tuple, before, change.lsn, [position]);
    }
  }

  /** The record of a snapshot row. */
  read(row: Tuple, lsn: bigint, headers: readonly RecordHeader[]): void {
    this.#upsert('r', row, undefined, lsn, headers);
  }

  #upsert(
    op: Op,
    row: Tuple,
    old: Tuple | undefined,
    lsn: bigint,
    headers: readonly RecordHeader[],
  ): void {
    const key = this.#keyBytes(row, old);
    const {out, afterStateOnly} = this.#parts;
    out.begin();
    out.raw(this.#valueHeader);
    if (afterStateOnly) {
      out.ascii('{');
      writeRow(out, this.#columns, row, old);
      out.ascii(this.#columns.length === 0 ? '"__deleted":"false"}' : ',"__deleted":"false"}');
    } else {
      if (old !== undefined && this.#fullOld) {
        out.ascii('{"before":{');
        writeOldRow(out, this.#columns, old, false);
        out.ascii('},"after":{');
      } else {
        out.ascii('{"before":null,"after":{');
      }
      writeRow(out, this.#columns, row, old);
      out.ascii('}');
      this.#writeSource(op, lsn);
    }
    this.#append(key, out.end(), headers);
  }

  #delete(old: Tuple, lsn: bigint, headers: readonly RecordHeader[]): void {
    const key = this.#keyBytes(old, undefined);
    const {out, afterStateOnly, tombstones} = this.#parts;
    out.begin();
    out.raw(this.#valueHeader);
    if (afterStateOnly) {
      out.ascii('{');
      writeOldRow(out, this.#columns, old, !this.#fullOld);
      out.ascii(this.#columns.length === 0 ? '"__deleted":"true"}' : ',"__deleted":"true"}');
    } else {
      out.ascii('{"before":{');
      writeOldRow(out, this.#columns, old, !this.#fullOld);
      out.ascii('},"after":null');
      this.#writeSource('d', lsn);
    }
    this.#append(key, out.end(), headers);
    if (tombstones) this.#append(key, null, headers);
  }

  /** From after the row to the end of the envelope. */
  #writeSource(op: Op, lsn: bigint): void {
    const {out, context} = this.#parts;
    if (this.#contextSerial !== context.serial) {
      this.#contextSerial = context.serial;
      this.#beforeLsn = context.sourceTimes + this.#table + context.txId;
    }
    const digits = lsn.toString();
    out.ascii(context.sourceHead);
    out.ascii(digits);
    out.ascii(this.#beforeLsn);
    out.ascii(digits);
    out.ascii(',"xmin":null},"transaction":null,"op":"');
    out.ascii(op);
    out.ascii(context.processed);
  }

  /** Null without a primary key. `old` has what an unchanged TOAST value leaves out of `row`. */
  #keyBytes(row: Tuple, old: Tuple | undefined): Buffer | null {
    const columns = this.#key;
    if (columns.length === 0) return null;
    const {out} = this.#parts;
    out.begin();
    out.raw(this.#keyHeader);
    out.ascii('{');
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as ColumnLayout;
      const text = row[column.index] ?? old?.[column.index];
      if (text === undefined || text === null) throw keyMissing(this.#relation, column.name);
      out.ascii(column.prefix);
      if (column.isString) out.string(text);
      else out.ascii(column.toJson(text));
    }
    out.ascii('}');
    return out.end();
  }

  #keyChanged(before: Tuple, after: Tuple): boolean {
    return this.#key.some(({index}) => {
      const [old, now] = [before[index], after[index]];
      return typeof old === 'string' && typeof now === 'string' && old !== now;
    });
  }

  #keyJson(row: Tuple): string {
    const fields = this.#key.map(
      ({prefix, toJson, index}) => prefix + toJson(row[index] as string),
    );
    return `{${fields.join('')}}`;
  }

  #append(key: Buffer | null, value: Buffer | null, headers: readonly RecordHeader[]): void {
    const {targets} = this.topic;
    const target = targets[partitionFor(key, targets.length)] as EventTarget;
    this.#parts.sink.append(target, {
      key,
      value,
      timestamp: this.#parts.context.timestamp,
      headers,
    });
  }
}

/** `row` with what Postgres left out of it, as far as the old row has it. */
function completed(row: Tuple, old: Tuple): Tuple {
  return row.map((text, index) => (text === undefined ? (old[index] ?? undefined) : text));
}

function keyHeader(name: string, json: string): RecordHeader {
  return {key: name, value: Buffer.from(json)};
}

function keyMissing({schema, table}: Relation, column: string): FatalError {
  return new FatalError(
    'CDC_TABLE_WITHOUT_KEY',
    `${schema}.${table}: Postgres sent a change without primary key column ${column}; its replica identity does not cover the key: ALTER TABLE ${schema}.${table} REPLICA IDENTITY DEFAULT`,
  );
}
