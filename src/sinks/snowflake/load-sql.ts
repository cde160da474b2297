import type {TableColumn} from '../table-definition.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {columnSql} from './column-sql.ts';
import {literal} from './identifier.ts';
import type {Identifier} from './identifier.ts';

/** Behind an abort from outside a session commits each statement: what is bound last is the transaction that it has to be in. */
const inTransaction = 'CURRENT_TRANSACTION()::VARCHAR = ?';

/** Two binds: an array of rows, and the transaction. */
export const boundRows = `SELECT VALUE AS R FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) WHERE ${inTransaction}`;

/** A temporary table with one row in each. */
export const loadTable = '"_SINK_LOAD"';
/** One bind, the transaction. */
export const loadedRows = `SELECT R FROM ${loadTable} WHERE ${inTransaction}`;

const offset = `S.R['o']::NUMBER(38,0)`;
const key = `S.R['k']::VARCHAR`;

/** Marks tombstones on their way; a name that sinks keep for themselves, so that no column has it. */
const deletion = '"_K"';

/** The statement that writes `rows`, a query of one VARIANT `R`, to the table. */
export function loadSql(
  source: SinkSource,
  columns: readonly TableColumn[],
  identifier: Identifier,
  rows: string,
): string {
  const table = identifier(source.table.name);
  const values = columns.map((column) => ({
    name: identifier(column.name),
    sql: valueSql(column, source.partition),
  }));
  values.push({name: identifier('_offset'), sql: offset});
  if (source.insertMode === 'append') {
    const names = values.map(({name}) => name).join(', ');
    return `INSERT INTO ${table} (${names}) SELECT ${values.map(({sql}) => sql).join(', ')} FROM (${rows}) S`;
  }
  values.push({name: identifier('_key'), sql: key});
  return mergeSql(table, values, identifier, isNewer(source, columns, identifier), rows);
}

/** The newest row of each key, in place of the table's own if that is older; a row without a value takes it away. */
function mergeSql(
  table: string,
  values: readonly {readonly name: string; readonly sql: string}[],
  identifier: Identifier,
  condition: string,
  rows: string,
): string {
  const names = values.map(({name}) => name);
  const selected = values.map(({name, sql}) => `${sql} AS ${name}`);
  return `MERGE INTO ${table} T USING (SELECT ${selected.join(', ')}, IS_NULL_VALUE(S.R['v']) AS ${deletion} FROM (${rows}) S QUALIFY ROW_NUMBER() OVER (PARTITION BY ${key} ORDER BY ${offset} DESC) = 1) N ON T.${identifier('_key')} = N.${identifier('_key')} WHEN MATCHED AND ${condition} AND N.${deletion} THEN DELETE WHEN MATCHED AND ${condition} THEN UPDATE SET ${names.map((name) => `${name} = N.${name}`).join(', ')} WHEN NOT MATCHED AND NOT N.${deletion} THEN INSERT (${names.join(', ')}) VALUES (${names.map((name) => `N.${name}`).join(', ')})`;
}

/** Offsets of different partitions have no order: a key that has moved to another one is taken from there. */
function isNewer(
  source: SinkSource,
  columns: readonly TableColumn[],
  identifier: Identifier,
): string {
  const column = identifier('_offset');
  const newer = `COALESCE(T.${column}, -1) < N.${column}`;
  const partition = columns.find(({from}) => from === 'partition');
  if (partition === undefined) return newer;
  return `(${newer} OR T.${identifier(partition.name)} <> ${source.partition})`;
}

function valueSql({name, type, from}: TableColumn, partition: number): string {
  const {convert} = columnSql(type);
  switch (from) {
    case 'value':
      return convert(`S.R['v'][${literal(name)}]`);
    case 'key-field':
      return convert(`S.R['j'][${literal(name)}]`);
    case 'key':
      return convert(`S.R['k']`);
    case 'partition':
      break;
  }
  return String(partition);
}
