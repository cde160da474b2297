import type {RecordHeader} from '../../kafka/client.ts';
import {ByteWriter} from '../../kafka/memory-records/byte-writer.ts';
import type {EventContext, Operation} from './event-context.ts';
import type {EventForm} from './event-form.ts';
import type {EventKey} from './event-key.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';
import type {SchemaHeaders} from './event-topics.ts';
import type {RecordSink} from './record-collector.ts';
import type {Relation, RowChange} from '../replication-source.ts';
import {RepeatedText} from './repeated-text.ts';
import {writeKey, writeOldRow, writeRow} from './row-layout.ts';
import type {ColumnLayout, RowLayout} from './row-layout.ts';
import type {TransactionMetadata} from './transaction-metadata.ts';
import type {Tuple} from '../tuple.ts';
import {unreadableValue} from './unreadable-value.ts';

/** The start of an envelope of a row that was not there before, or whose old values are not known. */
const beforeNullAfter = Buffer.from('{"before":null,"after":{');
const NO_TEXT = new RepeatedText('');

/** What a connector's tables have in common. */
export interface EncoderParts {
  readonly key: EventKey;
  readonly context: EventContext;
  readonly sink: RecordSink;
  readonly form: EventForm;
  /** Absent without `provide.transaction.metadata`. */
  readonly transactions?: TransactionMetadata | undefined;
}

/**
 * Writes one relation's changes as Debezium's change events, straight from Postgres' text to bytes.
 *
 * The value is the envelope, or with `after.state.only` the row with `__deleted`. `header` is Confluent's five bytes,
 * empty for plain JSON.
 */
export class TableEncoder {
  readonly topic: EventTopic;
  readonly #parts: EncoderParts;
  readonly #columns: readonly ColumnLayout[];
  readonly #key: readonly ColumnLayout[];
  readonly #keyHeader: Uint8Array;
  readonly #valueHeader: Uint8Array;
  readonly #table: string;
  /** `schema.table`, as transaction metadata names it. */
  readonly #collection: string;
  readonly #fullOld: boolean;
  /** Pieces of the source block, as of the context's serial. */
  #contextSerial = -1;
  #sourceHead = NO_TEXT;
  #sourceMiddle = NO_TEXT;
  /** What follows the source block, by operation. */
  readonly #endings: Partial<Record<Operation, RepeatedText>> = {};
  /** The bytes after a snapshot row, as of the context's serial and ending. */
  #reading: {readonly serial: number; readonly ending: string; readonly bytes: Uint8Array} = {
    serial: -1,
    ending: '',
    bytes: new Uint8Array(0),
  };

  constructor(
    relation: Relation,
    layout: RowLayout,
    topic: EventTopic,
    headers: SchemaHeaders,
    parts: EncoderParts,
  ) {
    this.topic = topic;
    this.#parts = parts;
    this.#columns = layout.columns;
    this.#key = layout.key;
    this.#keyHeader = headers.key;
    this.#valueHeader = headers.value;
    this.#table = `"schema":${JSON.stringify(relation.schema)},"table":${JSON.stringify(relation.table)}`;
    this.#collection = `${relation.schema}.${relation.table}`;
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
      // What Postgres left out of it, as far as the old row has it.
      const row = (after as Tuple).filledFrom(before);
      this.#delete(before, change.lsn, [position, this.#keyHeaderOf('__debezium.newkey', row)]);
      const headers = [position, this.#keyHeaderOf('__debezium.oldkey', before)];
      this.#upsert('c', row, undefined, change.lsn, headers);
    } else {
      const op = kind === 'insert' ? 'c' : 'u';
      this.#upsert(op, after as Tuple, before, change.lsn, [position]);
    }
  }

  /** The record of a snapshot row; an incremental snapshot's has no LSN. */
  read(row: Tuple, lsn: bigint | null, headers: readonly RecordHeader[]): void {
    if (this.#parts.form.rows !== 'envelope')
      return this.#upsert('r', row, undefined, lsn, headers);
    const ending = this.#readEnding(lsn);
    const value = this.#begin(row, undefined);
    value.bytes(beforeNullAfter);
    writeRow(value, this.#columns, row, undefined);
    value.bytes(ending);
    this.#parts.sink.end(headers);
  }

  /** The record of a TRUNCATE, which has no key; rows (`after.state.only`) have none. */
  truncate(lsn: bigint, position: RecordHeader): void {
    const {form, key, sink} = this.#parts;
    if (form.rows !== 'envelope' || form.skipped.includes('t')) return;
    const ending = this.#ending('t', lsn);
    key.clear();
    const value = this.#beginIn(this.topic.targets[0] as EventTarget);
    value.text('{"before":null,"after":null');
    this.#writeMetadata(value, lsn, ending);
    sink.end([position]);
  }

  /** What `change` or `read` threw for one of `rows`, with the table, the column and `where` it came. */
  located(error: unknown, rows: readonly (Tuple | undefined)[], where: string): unknown {
    const columns = [...this.#columns, ...this.#key];
    return unreadableValue(error, this.#collection, columns, rows, where);
  }

  #upsert(
    op: 'c' | 'u' | 'r',
    row: Tuple,
    old: Tuple | undefined,
    lsn: bigint | null,
    headers: readonly RecordHeader[],
  ): void {
    const {form, sink} = this.#parts;
    if (form.skipped.includes(op)) return;
    const columns = this.#columns;
    if (form.rows === 'envelope') {
      const ending = this.#ending(op, lsn);
      const value = this.#begin(row, old);
      if (old !== undefined && this.#fullOld) {
        value.text('{"before":{');
        writeOldRow(value, columns, old, false);
        value.text('},"after":{');
      } else {
        value.bytes(beforeNullAfter);
      }
      writeRow(value, columns, row, old);
      value.text('}');
      this.#writeMetadata(value, lsn, ending);
    } else {
      const value = this.#begin(row, old);
      value.text('{');
      writeRow(value, columns, row, old);
      value.text(this.#flatEnd('"__deleted":"false"'));
    }
    sink.end(headers);
  }

  #delete(old: Tuple, lsn: bigint, headers: readonly RecordHeader[]): void {
    const {form, context, sink, key} = this.#parts;
    if (form.skipped.includes('d')) return;
    const columns = this.#columns;
    if (form.deletes) {
      if (form.rows === 'envelope') {
        const ending = this.#ending('d', lsn);
        const value = this.#begin(old, undefined);
        value.text('{"before":{');
        writeOldRow(value, columns, old, !this.#fullOld);
        value.text('},"after":null');
        this.#writeMetadata(value, lsn, ending);
      } else {
        const value = this.#begin(old, undefined);
        value.text('{');
        writeOldRow(value, columns, old, !this.#fullOld);
        value.text(this.#flatEnd('"__deleted":"true"'));
      }
      sink.end(headers);
    }
    if (!form.tombstones) return;
    this.#writeKey(old, undefined);
    sink.tombstone(key.targetIn(this.topic), context.timestamp, key, headers);
  }

  /** What ends a row without envelope, with `deleted` where the form has it. */
  #flatEnd(deleted: string): string {
    if (this.#parts.form.rows === 'row') return '}';
    return (this.#columns.length === 0 ? '' : ',') + deleted + '}';
  }

  /** An envelope from after its source block; before the record is begun, as its transaction's BEGIN may have to be. */
  #ending(op: Operation, lsn: bigint | null): RepeatedText {
    const {context, transactions} = this.#parts;
    const block =
      op === 'r' || lsn === null ? undefined : transactions?.event(this.#collection, lsn);
    const text = context.ending(op, block);
    const known = this.#endings[op];
    if (known?.text === text) return known;
    return (this.#endings[op] = new RepeatedText(text));
  }

  /** An envelope from after its row to its end. */
  #writeMetadata(value: ByteWriter, lsn: bigint | null, ending: RepeatedText): void {
    const {context} = this.#parts;
    if (this.#contextSerial !== context.serial) {
      this.#contextSerial = context.serial;
      const [head, middle] = context.source(this.#table);
      this.#sourceHead = new RepeatedText(head);
      this.#sourceMiddle = new RepeatedText(middle);
    }
    const digits = lsn === null ? '' : lsn.toString();
    this.#sourceHead.writeTo(value);
    value.text(digits);
    this.#sourceMiddle.writeTo(value);
    value.text(digits);
    ending.writeTo(value);
  }

  /** What snapshot rows have in common, four fifths of most of them: bytes, so that each only has to copy it. */
  #readEnding(lsn: bigint | null): Uint8Array {
    const {serial, ending} = this.#reading;
    const {context} = this.#parts;
    const now = context.ending('r');
    if (serial === context.serial && ending === now) return this.#reading.bytes;
    const out = new ByteWriter();
    out.text('}');
    this.#writeMetadata(out, lsn, new RepeatedText(now));
    const bytes = out.buffer.subarray(0, out.at);
    this.#reading = {serial: context.serial, ending: now, bytes};
    return bytes;
  }

  #keyChanged(before: Tuple, after: Tuple): boolean {
    return this.#key.some(({index}) => {
      return before.isSent(index) && after.isSent(index) && !before.hasSame(index, after);
    });
  }

  #keyHeaderOf(name: string, row: Tuple): RecordHeader {
    const out = new ByteWriter();
    writeKey(out, this.#key, row, undefined);
    return {key: name, value: out.buffer.subarray(0, out.at)};
  }

  /** `old` has what an unchanged TOAST value leaves out of the key in `row`. Null for a table without a key. */
  #writeKey(row: Tuple, old: Tuple | undefined): void {
    const {key} = this.#parts;
    if (this.#key.length === 0) key.clear();
    else writeKey(key.begin(this.#keyHeader), this.#key, row, old);
  }

  /** Begins the record of a row with its key; its value is then to be written. */
  #begin(row: Tuple, old: Tuple | undefined): ByteWriter {
    this.#writeKey(row, old);
    return this.#beginIn(this.#parts.key.targetIn(this.topic));
  }

  #beginIn(target: EventTarget): ByteWriter {
    const {sink, context, key} = this.#parts;
    const value = sink.begin(target, context.timestamp, key);
    value.bytes(this.#valueHeader);
    return value;
  }
}
