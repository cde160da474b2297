import type {DuckDBConnection} from '@duckdb/node-api';
import {FatalError} from '../../common/errors.ts';
import type {TableColumn} from '../table-definition.ts';
import {fitOf} from '../table-fit.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {columnSql, identifier, literal} from './column-sql.ts';

/** A column of the table, as `duckdb_columns()` describes it. */
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
  readonly name: string;
  readonly type: string;
}

/** The sink's own columns: where the row comes from, and in upsert mode the record's key, with a hash to find it by. */
export function ownColumns(insertMode: SinkSource['insertMode']): readonly WantedColumn[] {
  const offset = {name: '_offset', type: 'BIGINT'};
  if (insertMode === 'append') return [offset];
  return [offset, {name: '_key', type: 'VARCHAR'}, {name: '_key_hash', type: 'BIGINT'}];
}

/**
 * Creates the table, or fits it to its definition, within the open transaction.
 *
 * @returns the definition's columns that are written.
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function ensureTable(
  connection: DuckDBConnection,
  source: SinkSource,
): Promise<readonly TableColumn[]> {
  const {table, insertMode} = source;
  const existing = await describe(connection, table.name);
  if (existing === undefined) {
    if (!source.autoCreate) throw tableMissing(source);
    const columns = [...table.columns.map(wanted), ...ownColumns(insertMode)];
    await connection.run(`CREATE TABLE ${identifier(table.name)} (${columns.map(ddl).join(', ')})`);
    return table.columns;
  }
  const {add, write} = tableChanges(source, existing);
  for (const column of add) {
    await connection.run(`ALTER TABLE ${identifier(table.name)} ADD COLUMN ${ddl(column)}`);
  }
  return write;
}

/**
 * What {@link ensureTable} would do with the table as it is found, in a few words.
 *
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function tableFit(connection: DuckDBConnection, source: SinkSource): Promise<string> {
  return fitText(source, await describe(connection, source.table.name));
}

/** The same of a table with these columns; undefined where there is none. */
export function fitText(
  source: SinkSource,
  existing: readonly ExistingColumn[] | undefined,
): string {
  if (existing !== undefined) return fitOf(tableChanges(source, existing).add);
  if (!source.autoCreate) throw tableMissing(source);
  return 'the sink creates it';
}

/** Decides what an existing table needs. @throws FatalError SINK_TABLE_MISMATCH */
export function tableChanges(
  source: SinkSource,
  existing: readonly ExistingColumn[],
): TableChanges {
  const byName = new Map(existing.map((column) => [column.name.toLowerCase(), column]));
  const own = ownColumns(source.insertMode);
  const all = [...source.table.columns.map(wanted), ...own];
  const missing = all.filter(({name}) => !byName.has(name.toLowerCase()));
  for (const {name, type} of all) {
    const column = byName.get(name.toLowerCase());
    if (column === undefined || takes(column.type, type)) continue;
    throw mismatch(
      source,
      `column "${name}" is ${column.type}, and the topic brings ${type}; alter it or write to another table`,
    );
  }
  const wantedNames = new Set(all.map(({name}) => name.toLowerCase()));
  const required = existing.find(
    ({name, optional}) => !optional && !wantedNames.has(name.toLowerCase()),
  );
  if (required !== undefined) {
    throw mismatch(
      source,
      `column "${required.name}" is NOT NULL, and the topic does not bring it; drop the constraint`,
    );
  }
  const foreign = missing.filter((column) => !own.includes(column));
  if (foreign.length > 0 && source.autoEvolve === 'fail') {
    throw mismatch(
      source,
      `column "${foreign[0]?.name}" is missing; add it or set auto.evolve: evolve`,
    );
  }
  const ignored =
    source.autoEvolve === 'ignore' ? new Set(foreign.map(({name}) => name)) : new Set();
  return {
    add: missing.filter(({name}) => !ignored.has(name)),
    write: source.table.columns.filter(({name}) => !ignored.has(name)),
  };
}

/** Whether a column of type `actual` holds every value of type `wanted` exactly. */
function takes(actual: string, type: string): boolean {
  if (actual === type) return true;
  if (widenings[type]?.includes(actual) === true) return true;
  const from = decimalPattern.exec(type);
  const to = decimalPattern.exec(actual);
  if (from === null || to === null) return false;
  const [precision, scale, toPrecision, toScale] = [from[1], from[2], to[1], to[2]].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return toScale >= scale && toPrecision - toScale >= precision - scale;
}

const decimalPattern = /^DECIMAL\((\d+),(\d+)\)$/;

const widenings: Readonly<Record<string, readonly string[]>> = {
  SMALLINT: ['INTEGER', 'BIGINT', 'HUGEINT'],
  INTEGER: ['BIGINT', 'HUGEINT'],
  BIGINT: ['HUGEINT'],
  FLOAT: ['DOUBLE'],
  UUID: ['VARCHAR'],
  JSON: ['VARCHAR'],
};

async function describe(
  connection: DuckDBConnection,
  table: string,
): Promise<readonly ExistingColumn[] | undefined> {
  const columns = await connection.runAndReadAll(
    `SELECT column_name, data_type, is_nullable OR column_default IS NOT NULL
     FROM duckdb_columns()
     WHERE lower(table_name) = lower(${literal(table)}) AND schema_name = current_schema() AND database_name = current_database()
     ORDER BY column_index`,
  );
  const rows = columns.getRows();
  if (rows.length === 0) return undefined;
  return rows.map(([name, type, optional]) => ({
    name: String(name),
    type: String(type),
    optional: optional === true,
  }));
}

function wanted({name, type}: TableColumn): WantedColumn {
  return {name, type: columnSql(type).type};
}

function ddl({name, type}: WantedColumn): string {
  return `${identifier(name)} ${type}`;
}

function tableMissing(source: SinkSource): FatalError {
  return mismatch(source, 'it does not exist; create it or set auto.create: true');
}

function mismatch(source: SinkSource, reason: string): FatalError {
  const {sink, table} = source;
  return new FatalError('SINK_TABLE_MISMATCH', `sink ${sink}, table ${table.name}: ${reason}`);
}
