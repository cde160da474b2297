import type {RecordHeader} from '../../kafka/client.ts';
import type {EventContext, Operation} from './event-context.ts';
import type {EventForm} from './event-form.ts';
import type {EventKey} from './event-key.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';
import type {SchemaHeaders} from './event-topics.ts';
import type {RecordSink} from './record-collector.ts';
import type {Relation, RowChange, Tuple} from '../replication-source.ts';
import {keyJson, oldRowJson, rowJson} from './row-layout.ts';
import type {ColumnLayout, RowLayout} from './row-layout.ts';
import type {TransactionMetadata} from './transaction-metadata.ts';

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
  /** The context's source block, as of its serial. */
  #contextSerial = -1;
  #source: readonly [head: string, middle: string] = ['', ''];
  /** The bytes after a snapshot row, as of the context's serial and ending. */
  #reading = {serial: -1, ending: '', bytes: new Uint8Array(0)};

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

  /** The record of a snapshot row; an incremental snapshot's has no LSN. */
  read(row: Tuple, lsn: bigint | null, headers: readonly RecordHeader[]): void {
    if (this.#parts.form.rows !== 'envelope')
      return this.#upsert('r', row, undefined, lsn, headers);
    const json = '{"before":null,"after":{' + rowJson(this.#columns, row, undefined) + '}';
    this.#append(row, undefined, json, headers, this.#readEnding(lsn));
  }

  /** The record of a TRUNCATE, which has no key; rows (`after.state.only`) have none. */
  truncate(lsn: bigint, position: RecordHeader): void {
    const {form, key} = this.#parts;
    if (form.rows !== 'envelope' || form.skipped.includes('t')) return;
    const json = '{"before":null,"after":null' + this.#metadataJson('t', lsn);
    key.clear();
    this.#write(this.topic.targets[0] as EventTarget, json, [position]);
  }

  #upsert(
    op: 'c' | 'u' | 'r',
    row: Tuple,
    old: Tuple | undefined,
    lsn: bigint | null,
    headers: readonly RecordHeader[],
  ): void {
    const {form} = this.#parts;
    if (form.skipped.includes(op)) return;
    const json = rowJson(this.#columns, row, old);
    let value: string;
    if (form.rows === 'envelope') {
      const before =
        old !== undefined && this.#fullOld
          ? '{' + oldRowJson(this.#columns, old, false) + '}'
          : 'null';
      value = '{"before":' + before + ',"after":{' + json + '}' + this.#metadataJson(op, lsn);
    } else {
      value = flatJson(json, form.rows === 'row' ? '' : '"__deleted":"false"');
    }
    this.#append(row, old, value, headers);
  }

  #delete(old: Tuple, lsn: bigint, headers: readonly RecordHeader[]): void {
    const {form, context, sink, key} = this.#parts;
    if (form.skipped.includes('d')) return;
    if (form.deletes) {
      const json = oldRowJson(this.#columns, old, !this.#fullOld);
      const value =
        form.rows === 'envelope'
          ? '{"before":{' + json + '},"after":null' + this.#metadataJson('d', lsn)
          : flatJson(json, '"__deleted":"true"');
      this.#append(old, undefined, value, headers);
    }
    if (!form.tombstones) return;
    this.#writeKey(old, undefined);
    sink.tombstone(key.targetIn(this.topic), context.timestamp, key, headers);
  }

  /** An envelope from after its row to its end. */
  #metadataJson(op: Operation, lsn: bigint | null): string {
    const {context, transactions} = this.#parts;
    if (this.#contextSerial !== context.serial) {
      this.#contextSerial = context.serial;
      this.#source = context.source(this.#table);
    }
    const digits = lsn === null ? '' : lsn.toString();
    const [head, middle] = this.#source;
    const block =
      op === 'r' || lsn === null ? undefined : transactions?.event(this.#collection, lsn);
    const ending = context.ending(op, block);
    return head + digits + middle + digits + ending;
  }

  /** What snapshot rows have in common, four fifths of most of them: bytes, so that each only has to copy it. */
  #readEnding(lsn: bigint | null): Uint8Array {
    const {serial, ending} = this.#reading;
    const {context} = this.#parts;
    const now = context.ending('r');
    if (serial === context.serial && ending === now) return this.#reading.bytes;
    const bytes = Buffer.from(this.#metadataJson('r', lsn));
    this.#reading = {serial: context.serial, ending: now, bytes};
    return bytes;
  }

  #keyChanged(before: Tuple, after: Tuple): boolean {
    return this.#key.some(({index}) => {
      const [old, now] = [before[index], after[index]];
      return old !== undefined && now !== undefined && old !== now;
    });
  }

  #keyJson(row: Tuple, old?: Tuple): string {
    return '{' + keyJson(this.#key, row, old) + '}';
  }

  /** `old` has what an unchanged TOAST value leaves out of the key in `row`. Null for a table without a key. */
  #writeKey(row: Tuple, old: Tuple | undefined): void {
    const {key} = this.#parts;
    if (this.#key.length === 0) key.clear();
    else key.write(this.#keyHeader, this.#keyJson(row, old));
  }

  #append(
    row: Tuple,
    old: Tuple | undefined,
    json: string,
    headers: readonly RecordHeader[],
    ending?: Uint8Array,
  ): void {
    this.#writeKey(row, old);
    this.#write(this.#parts.key.targetIn(this.topic), json, headers, ending);
  }

  #write(
    target: EventTarget,
    json: string,
    headers: readonly RecordHeader[],
    ending?: Uint8Array,
  ): void {
    const {sink, context, key} = this.#parts;
    const value = sink.begin(target, context.timestamp, key);
    value.bytes(this.#valueHeader);
    value.text(json);
    if (ending !== undefined) value.bytes(ending);
    sink.end(headers);
  }
}

/** A row's columns and what is added to them. */
function flatJson(columns: string, added: string): string {
  return '{' + columns + (columns === '' || added === '' ? '' : ',') + added + '}';
}

/** `row` with what Postgres left out of it, as far as the old row has it. */
function completed(row: Tuple, old: Tuple): Tuple {
  return row.map((text, index) => (text === undefined ? (old[index] ?? undefined) : text));
}

function keyHeader(name: string, json: string): RecordHeader {
  return {key: name, value: Buffer.from(json)};
}
