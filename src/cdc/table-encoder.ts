import {FatalError} from '../common/errors.ts';
import type {ProducerRecord, RecordHeader} from '../kafka/client.ts';
import {partitionFor} from '../kafka/partitioner.ts';
import type {ByteSlab} from './byte-slab.ts';
import type {EventContext} from './event-context.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';
import type {Relation, RowChange, Tuple} from './replication-source.ts';
import {keyJson, oldRowJson, rowJson} from './row-layout.ts';
import type {ColumnLayout, RowLayout} from './row-layout.ts';

/** Takes the records in the order in which they must stand in their partitions. */
export interface RecordSink {
  append(target: EventTarget, record: ProducerRecord): void;
}

/** What a connector's tables have in common. */
export interface EncoderParts {
  readonly slab: ByteSlab;
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
  /** The context's source block, as of its serial. */
  #contextSerial = -1;
  #source: readonly [head: string, middle: string] = ['', ''];

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
    this.#table = `"schema":${JSON.stringify(relation.schema)},"table":${JSON.stringify(relation.table)}`;
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
    this.#upsert('r', row, undefined, lsn, headers);
  }

  #upsert(
    op: Op,
    row: Tuple,
    old: Tuple | undefined,
    lsn: bigint | null,
    headers: readonly RecordHeader[],
  ): void {
    const json = rowJson(this.#columns, row, old);
    if (this.#parts.afterStateOnly) {
      const comma = json === '' ? '' : ',';
      this.#append(row, old, '{' + json + comma + '"__deleted":"false"}', headers);
      return;
    }
    const before =
      old !== undefined && this.#fullOld
        ? '{' + oldRowJson(this.#columns, old, false) + '}'
        : 'null';
    const value =
      '{"before":' +
      before +
      ',"after":{' +
      json +
      '}' +
      this.#sourceJson(lsn) +
      op +
      this.#parts.context.processed;
    this.#append(row, old, value, headers);
  }

  #delete(old: Tuple, lsn: bigint, headers: readonly RecordHeader[]): void {
    const json = oldRowJson(this.#columns, old, !this.#fullOld);
    let value: string;
    if (this.#parts.afterStateOnly) {
      value = '{' + json + (json === '' ? '' : ',') + '"__deleted":"true"}';
    } else {
      const {processed} = this.#parts.context;
      value = '{"before":{' + json + '},"after":null' + this.#sourceJson(lsn) + 'd' + processed;
    }
    const {key, target} = this.#append(old, undefined, value, headers);
    if (!this.#parts.tombstones) return;
    const {timestamp} = this.#parts.context;
    this.#parts.sink.append(target, {key, value: null, timestamp, headers});
  }

  /** From after the row up to the value of `op`. */
  #sourceJson(lsn: bigint | null): string {
    const {context} = this.#parts;
    if (this.#contextSerial !== context.serial) {
      this.#contextSerial = context.serial;
      this.#source = context.source(this.#table);
    }
    const digits = lsn === null ? '' : lsn.toString();
    const [head, middle] = this.#source;
    return head + digits + middle + digits + ',"xmin":null},"transaction":null,"op":"';
  }

  #keyChanged(before: Tuple, after: Tuple): boolean {
    return this.#key.some(({index}) => {
      const [old, now] = [before[index], after[index]];
      return typeof old === 'string' && typeof now === 'string' && old !== now;
    });
  }

  #keyJson(row: Tuple, old?: Tuple): string {
    const fields = keyJson(this.#key, row, old, (column) => keyMissing(this.#relation, column));
    return '{' + fields + '}';
  }

  /** `old` has what an unchanged TOAST value leaves out of the key in `row`. The key is null without a primary key. */
  #append(
    row: Tuple,
    old: Tuple | undefined,
    json: string,
    headers: readonly RecordHeader[],
  ): {readonly key: Buffer | null; readonly target: EventTarget} {
    const {slab, sink, context} = this.#parts;
    const key =
      this.#key.length === 0 ? null : slab.write(this.#keyHeader, this.#keyJson(row, old));
    const value = slab.write(this.#valueHeader, json);
    const {targets} = this.topic;
    const target = targets[partitionFor(key, targets.length)] as EventTarget;
    sink.append(target, {key, value, timestamp: context.timestamp, headers});
    return {key, target};
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
