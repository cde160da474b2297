import type {TableColumn} from '../table-definition.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {epochMark} from './batch-file.ts';
import {columnSql, identifier, literal} from './column-sql.ts';

/** A column that is written: from where in a line of the file, and as which type the table has it. */
export interface WrittenColumn {
  readonly name: string;
  readonly type: string;
  readonly from: TableColumn['from'] | 'offset' | 'key-text';
  /** Of the topic's columns. */
  readonly column?: TableColumn;
}

/** What is loaded: a file of the volume into a table. */
export interface Load {
  /** The qualified, quoted name. */
  readonly table: string;
  readonly partition: number;
  readonly columns: readonly WrittenColumn[];
  /** The folder in the volume, and the file in it. */
  readonly directory: string;
  readonly file: string;
  /** The file's lines are for the writer of this epoch: no other's load succeeds. */
  readonly epoch: number;
}

/** Loads the file, unless it was loaded before. */
export function copyInto(load: Load): string {
  const row = line(load);
  const values = load.columns.map(
    (column) => `${valueOf(load, column, row)} AS ${identifier(column.name)}`,
  );
  return `COPY INTO ${load.table} FROM (SELECT ${values.join(', ')} FROM ${literal(load.directory)}) FILEFORMAT = TEXT FILES = (${literal(load.file)})`;
}

/**
 * Applies the file's rows, one for each key, newer ones only; a line without a value deletes. `guard` is a condition
 * under which alone anything happens.
 */
export function mergeInto(load: Load, guard: string): string {
  const columns = load.columns.map(({name}) => identifier(name));
  const values = load.columns.map(
    (column) => `${valueOf(load, column, 'r')} AS ${identifier(column.name)}`,
  );
  const newer = load.columns.some(({from}) => from === 'partition')
    ? ' AND (t.`partition` <> s.`partition` OR t.`_offset` < s.`_offset`)'
    : '';
  const changes = columns.map((name) => `${name} = s.${name}`);
  const inserted = columns.map((name) => `s.${name}`);
  return `MERGE INTO ${load.table} AS t USING (SELECT ${values.join(', ')}, r.v IS NULL AS \`_deleted\` FROM ${lines(load)} WHERE ${guard}) AS s ON t.\`_key\` = s.\`_key\` WHEN MATCHED AND s.\`_deleted\`${newer} THEN DELETE WHEN MATCHED AND NOT s.\`_deleted\`${newer} THEN UPDATE SET ${changes.join(', ')} WHEN NOT MATCHED AND NOT s.\`_deleted\` THEN INSERT (${columns.join(', ')}) VALUES (${inserted.join(', ')})`;
}

/**
 * Fails if one of the rows between two offsets cannot be loaded; the `hash` needs every value, so none is left out. It is NULL where
 * there are no such rows for this writer.
 */
export function tryOut(load: Load, fromOffset: number, toOffset: number): string {
  const values = load.columns.map((column) => valueOf(load, column, 'r'));
  const own = `startswith(value, ${literal(epochMark(load.epoch))})`;
  return `SELECT max(hash(${values.join(', ')})) AS hash FROM ${lines(load, `${own} AND CAST(regexp_extract(value, '"_offset":([0-9]+)', 1) AS BIGINT) BETWEEN ${fromOffset} AND ${toOffset}`)}`;
}

/** The lines as structs `r`. The condition is on the text, so that lines which it leaves out need not be JSON. */
function lines(load: Load, condition = 'true'): string {
  return `(SELECT ${line(load)} AS r FROM text.${identifier(`${load.directory}/${load.file}`)} WHERE ${condition})`;
}

/** A line as a struct. One with another writer's mark stays what no parser takes. */
function line(load: Load): string {
  const mark = epochMark(load.epoch);
  return `from_json(substring(value, if(startswith(value, ${literal(mark)}), ${mark.length + 1}, 1)), ${literal(lineSchema(load))}, ${failFast})`;
}

/** Without it a value of another type would become NULL. */
const failFast = `map('mode', 'FAILFAST')`;

/** What `from_json` reads of a line; see `batch-file.ts`. */
function lineSchema({columns}: Load): string {
  const fields = (from: TableColumn['from']): string =>
    columns
      .filter((column) => column.from === from)
      .flatMap(({column}) => column ?? [])
      .map(({name, type}) => `${identifier(name)}: ${columnSql(type).wire}`)
      .join(', ');
  const key = fields('key-field');
  return `_offset BIGINT, _key STRING${key === '' ? '' : `, _k STRUCT<${key}>`}, v STRUCT<${fields('value') || '_: STRING'}>`;
}

/** The column's value in SQL, `row` being the line as a struct. */
function valueOf({partition}: Load, {type, from, column}: WrittenColumn, row: string): string {
  const {wire = 'STRING', convert = (text: string) => text} =
    column === undefined ? {} : columnSql(column.type);
  const field = column === undefined ? '' : identifier(column.name);
  switch (from) {
    case 'offset':
      return `CAST(${row}._offset AS ${type})`;
    case 'key-text':
      return `${row}._key`;
    case 'partition':
      return `CAST(${partition} AS ${type})`;
    case 'key':
      return `CAST(${convert(`CAST(${row}._key AS ${wire})`)} AS ${type})`;
    case 'key-field':
      return `CAST(${convert(`${row}._k.${field}`)} AS ${type})`;
    case 'value':
      break;
  }
  return `CAST(${convert(`${row}.v.${field}`)} AS ${type})`;
}

/**
 * A commit that changes the table's metadata: Delta lets no statement commit that began before it. The value has to be new.
 */
export function fenceTable(table: string, value: string): string {
  return `ALTER TABLE ${table} SET TBLPROPERTIES ('millrace.fence' = ${literal(value)})`;
}

export function createTable(
  table: string,
  columns: readonly {name: string; type: string}[],
): string {
  // Delta takes such names with column mapping only.
  const mapped = columns.some(({name}) => /[ ,;{}()\n\t=]/.test(name));
  const properties = mapped ? ` TBLPROPERTIES ('delta.columnMapping.mode' = 'name')` : '';
  return `CREATE TABLE IF NOT EXISTS ${table} (${ddl(columns)}) USING DELTA${properties}`;
}

export function addColumns(
  table: string,
  columns: readonly {name: string; type: string}[],
): string {
  return `ALTER TABLE ${table} ADD COLUMNS (${ddl(columns)})`;
}

export function describeTable(table: string): string {
  return `DESCRIBE TABLE ${table}`;
}

export function put(localPath: string, path: string): string {
  return `PUT ${literal(localPath)} INTO ${literal(path)} OVERWRITE`;
}

export function get(path: string, localPath: string): string {
  return `GET ${literal(path)} TO ${literal(localPath)}`;
}

export function remove(path: string): string {
  return `REMOVE ${literal(path)}`;
}

export function list(directory: string): string {
  return `LIST ${literal(directory)}`;
}

function ddl(columns: readonly {name: string; type: string}[]): string {
  return columns.map(({name, type}) => `${identifier(name)} ${type}`).join(', ');
}

/** A table of the catalog and schema that the sink writes to, quoted. */
export function qualified(
  {catalog, schema}: {catalog: string; schema: string},
  table: string,
): string {
  return [catalog, schema, table].map(identifier).join('.');
}

/** The row of `_sink_offsets` that belongs to the partition. */
export function offsetsRow({sink, topic, partition}: SinkSource): string {
  return `sink = ${literal(sink)} AND topic = ${literal(topic)} AND part = ${partition}`;
}
