import {FatalError} from '../../common/errors.ts';
import type {ByteWriter} from '../../kafka/memory-records/byte-writer.ts';
import type {Schema} from '../../serde/schema.ts';
import type {ColumnTypes} from './column-types.ts';
import type {Relation, RelationColumn} from '../replication-source.ts';
import type {Tuple} from '../tuple.ts';
import type {ColumnType} from './types/column-type.ts';
import type {JsonWriter} from './types/json-writer.ts';

/** A column whose type is left out, or a value that its type cannot express; to be told once per column. */
export type ReportColumn = (column: RelationColumn, text: string | undefined) => void;

/** One column of a table as it is written. */
export interface ColumnLayout {
  readonly name: string;
  readonly schema: Schema;
  /** Its place in the relation's tuples. */
  readonly index: number;
  /** `"name":`, with the comma before it unless it is the first. */
  readonly prefix: Uint8Array;
  readonly toJson: (text: string) => string;
  readonly writeJson: JsonWriter | undefined;
  readonly unavailable: string;
  /** What stands for a column that an old tuple does not have. */
  readonly absent: string;
}

/** How the rows and keys of one relation are written; compiled once. */
export interface RowLayout {
  readonly columns: readonly ColumnLayout[];
  readonly key: readonly ColumnLayout[];
}

/** `keyColumns` are the relation's own, unless events are keyed by others. */
export function rowLayout(
  relation: Relation,
  columnTypes: ColumnTypes,
  report: ReportColumn,
  keyColumns = relation.primaryKey,
): RowLayout {
  const types = relation.columns.map((column) => {
    if (column.excluded === true && !keyColumns.includes(column.name)) return undefined;
    const type = columnTypes.of(column, (text) => report(column, text));
    if (type === undefined) report(column, undefined);
    return type;
  });
  const columns: ColumnLayout[] = [];
  for (const [index, type] of types.entries()) {
    if (type !== undefined && relation.columns[index]?.excluded !== true)
      columns.push(layout(relation, index, type, columns.length === 0));
  }
  const key = keyColumns.map((name, position) => {
    const index = relation.columns.findIndex((column) => column.name === name);
    const type = types[index];
    if (type === undefined) throw keyNotSupported(relation, name);
    return layout(relation, index, type, position === 0);
  });
  return {columns, key};
}

function layout(relation: Relation, index: number, type: ColumnType, first: boolean): ColumnLayout {
  const {name, nullable} = relation.columns[index] as RelationColumn;
  return {
    name,
    schema: type.schema,
    index,
    prefix: Buffer.from(`${first ? '' : ','}${JSON.stringify(name)}:`),
    toJson: type.toJson,
    writeJson: type.writeJson,
    unavailable: type.unavailable,
    absent: nullable ? 'null' : type.zero,
  };
}

/**
 * Writes the columns of a new row as JSON, without braces. Where Postgres left an unchanged TOAST value out, the old row
 * has it under REPLICA IDENTITY FULL; otherwise its placeholder stands there.
 */
export function writeRow(
  out: ByteWriter,
  columns: readonly ColumnLayout[],
  row: Tuple,
  old: Tuple | undefined,
): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ColumnLayout;
    out.bytes(column.prefix);
    if (row.isSent(column.index)) writeValue(out, column, row);
    // In a key-only tuple everything else is null.
    else if (old === undefined || old.start(column.index) < 0) out.text(column.unavailable);
    else writeValue(out, column, old);
  }
}

/** Writes the columns of an old row as JSON, without braces: zero or null for what the replica identity does not have. */
export function writeOldRow(
  out: ByteWriter,
  columns: readonly ColumnLayout[],
  old: Tuple,
  isKeyOnly: boolean,
): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ColumnLayout;
    const {index} = column;
    out.bytes(column.prefix);
    if (!old.isSent(index) || (isKeyOnly && old.isNull(index))) out.text(column.absent);
    else writeValue(out, column, old);
  }
}

/** Writes a key as JSON: zero or null for what neither row has. */
export function writeKey(
  out: ByteWriter,
  columns: readonly ColumnLayout[],
  row: Tuple,
  old: Tuple | undefined,
): void {
  out.text('{');
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as ColumnLayout;
    const {index} = column;
    out.bytes(column.prefix);
    if (row.isSent(index)) writeValue(out, column, row);
    else if (old?.isSent(index) === true) writeValue(out, column, old);
    else out.text(column.absent);
  }
  out.text('}');
}

/** Of a column that was sent. */
function writeValue(out: ByteWriter, {index, writeJson, toJson}: ColumnLayout, row: Tuple): void {
  const start = row.start(index);
  if (start < 0) return out.text('null');
  if (writeJson?.(out, row.bytes, start, row.end(index)) === true) return;
  out.text(toJson(row.text(index) as string));
}

function keyNotSupported(relation: Relation, column: string): FatalError {
  const {typeName = '?'} = relation.columns.find(({name}) => name === column) ?? {};
  return new FatalError(
    'CDC_TABLE_WITHOUT_KEY',
    `${relation.schema}.${relation.table}: key column ${column} has the type ${typeName}, which change events cannot carry; leave the table out of table.include.list, or name other columns in message.key.columns`,
  );
}
