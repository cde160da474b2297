import {FatalError} from '../../common/errors.ts';
import type {TableColumn} from '../table-definition.ts';
import {fitOf} from '../table-fit.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {columnSql} from './column-sql.ts';
import {nameOf} from './identifier.ts';
import type {Identifier} from './identifier.ts';
import type {SnowflakeConnection} from './snowflake-connection.ts';
import {isColumnThere, isMissing} from './snowflake-error.ts';

/** A column of the table, as DESCRIBE TABLE shows it. */
export interface ExistingColumn {
  readonly name: string;
  readonly type: string;
  /** False for a NOT NULL column without a default: a row has to bring it. */
  readonly optional: boolean;
}

/** What has to happen to an existing table, and which columns are written then. */
export interface TableChanges {
  readonly add: readonly WantedColumn[];
  readonly write: readonly TableColumn[];
}

export interface WantedColumn {
  /** An identifier. */
  readonly name: string;
  readonly type: string;
}

/**
 * Creates the table, or fits it to its definition. Each change commits, so no transaction may be open.
 *
 * @returns the definition's columns that are written.
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function ensureTable(
  connection: SnowflakeConnection,
  source: SinkSource,
  identifier: Identifier,
): Promise<readonly TableColumn[]> {
  const {table, insertMode} = source;
  const name = identifier(table.name);
  let existing = await describe(connection, name);
  if (existing === undefined) {
    if (!source.autoCreate) throw tableMissing(source);
    const columns = [
      ...table.columns.map((column) => wanted(column, identifier)),
      ...ownColumns(insertMode, identifier),
    ];
    await connection.execute(`CREATE TABLE IF NOT EXISTS ${name} (${columns.map(ddl).join(', ')})`);
    // Another partition may have been first, with other columns.
    existing = (await describe(connection, name)) ?? [];
  }
  const {add, write} = tableChanges(source, existing, identifier);
  for (const column of add) {
    try {
      await connection.execute(`ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${ddl(column)}`);
    } catch (error) {
      if (!isColumnThere(error)) throw error;
    }
  }
  return write;
}

/**
 * What {@link ensureTable} would do with the table as it is found, in a few words.
 *
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function tableFit(
  connection: SnowflakeConnection,
  source: SinkSource,
  identifier: Identifier,
): Promise<string> {
  const existing = await describe(connection, identifier(source.table.name));
  if (existing !== undefined) return fitOf(tableChanges(source, existing, identifier).add);
  if (!source.autoCreate) throw tableMissing(source);
  return 'the sink creates it';
}

/** The sink's own columns: where the row comes from, and in upsert mode the record's key. */
function ownColumns(
  insertMode: SinkSource['insertMode'],
  identifier: Identifier,
): readonly WantedColumn[] {
  const offset = {name: identifier('_offset'), type: 'NUMBER(38,0)'};
  return insertMode === 'append' ? [offset] : [offset, {name: identifier('_key'), type: 'VARCHAR'}];
}

/** Decides what an existing table needs. @throws FatalError SINK_TABLE_MISMATCH */
export function tableChanges(
  source: SinkSource,
  existing: readonly ExistingColumn[],
  identifier: Identifier,
): TableChanges {
  const byName = new Map(existing.map((column) => [column.name, column]));
  const own = ownColumns(source.insertMode, identifier);
  const all = [...source.table.columns.map((column) => wanted(column, identifier)), ...own];
  const missing = all.filter(({name}) => !byName.has(nameOf(name)));
  for (const {name, type} of all) {
    const column = byName.get(nameOf(name));
    if (column === undefined || takes(column.type, type)) continue;
    throw mismatch(
      source,
      `column ${name} is ${column.type}, and the topic brings ${type}; alter it or write to another table`,
    );
  }
  const names = new Set(all.map(({name}) => nameOf(name)));
  const required = existing.find(({name, optional}) => !optional && !names.has(name));
  if (required !== undefined)
    throw mismatch(
      source,
      `column "${required.name}" is NOT NULL, and the topic does not bring it; drop the constraint`,
    );
  const foreign = missing.filter((column) => !own.includes(column));
  if (foreign.length > 0 && source.autoEvolve === 'fail')
    throw mismatch(
      source,
      `column ${foreign[0]?.name} is missing; add it or set auto.evolve: evolve`,
    );
  const ignored = new Set(source.autoEvolve === 'ignore' ? foreign.map(({name}) => name) : []);
  return {
    add: missing.filter(({name}) => !ignored.has(name)),
    write: source.table.columns.filter(({name}) => !ignored.has(identifier(name))),
  };
}

/** Whether a column of type `actual` holds every value of type `type`. */
function takes(actual: string, type: string): boolean {
  const [from, to] = [typeOf(type), typeOf(actual)];
  if (from.name !== to.name) return widenings[from.name]?.includes(to.name) === true;
  switch (from.name) {
    case 'NUMBER':
      // An integer of the topic's has at most 19 digits, whatever its column could hold.
      if (from.scale === 0 && to.scale === 0) return to.size >= Math.min(from.size, 10);
      return to.scale >= from.scale && to.size - to.scale >= from.size - from.scale;
    case 'TIME':
    case 'TIMESTAMP_NTZ':
    case 'TIMESTAMP_TZ':
      return to.size >= from.size;
    default:
      // What is too long for a column is a bad row, not a bad table.
      return true;
  }
}

/** Types that a value of the topic's also fits into. */
const widenings: Readonly<Record<string, readonly string[]>> = {
  TIMESTAMP_TZ: ['TIMESTAMP_LTZ'],
  ARRAY: ['VARIANT'],
};

interface TypeShape {
  readonly name: string;
  readonly size: number;
  readonly scale: number;
}

function typeOf(text: string): TypeShape {
  const [, name = text, size, scale] = /^(\w+)(?:\((\d+)(?:,\s*(\d+))?\))?/.exec(text) ?? [];
  return {name, size: Number(size ?? 0), scale: Number(scale ?? 0)};
}

async function describe(
  connection: SnowflakeConnection,
  table: string,
): Promise<readonly ExistingColumn[] | undefined> {
  try {
    const {rows} = await connection.execute(`DESCRIBE TABLE ${table}`);
    return rows.map((row) => ({
      name: row['name'] ?? '',
      type: row['type'] ?? '',
      optional: row['null?'] !== 'N' || (row['default'] ?? null) !== null,
    }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function wanted({name, type}: TableColumn, identifier: Identifier): WantedColumn {
  return {name: identifier(name), type: columnSql(type).type};
}

function ddl({name, type}: WantedColumn): string {
  return `${name} ${type}`;
}

function tableMissing(source: SinkSource): FatalError {
  return mismatch(
    source,
    'it does not exist, or the role may not use it; create it or set auto.create: true',
  );
}

function mismatch({sink, table}: SinkSource, reason: string): FatalError {
  return new FatalError('SINK_TABLE_MISMATCH', `sink ${sink}, table ${table.name}: ${reason}`);
}
