import {FatalError} from '../../common/errors.ts';
import type {TableColumn} from '../table-definition.ts';
import {fitOf} from '../table-fit.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {columnSql} from './column-sql.ts';
import type {DatabricksClient} from './databricks-client.ts';
import {addColumns, createTable, describeTable, qualified} from './statements.ts';
import type {WrittenColumn} from './statements.ts';
import {StatementError} from './statement-error.ts';

/** A column of the table; its type as {@link columnSql} spells it. */
export interface ExistingColumn {
  readonly name: string;
  readonly type: string;
}

/** What has to happen to an existing table, and which columns are written then. */
export interface TableChanges {
  readonly add: readonly WrittenColumn[];
  readonly write: readonly WrittenColumn[];
}

/**
 * Creates the table, or fits it to its definition.
 *
 * @returns the columns that are written.
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function ensureTable(
  client: DatabricksClient,
  source: SinkSource,
): Promise<readonly WrittenColumn[]> {
  const table = qualified(client.options, source.table.name);
  let existing = await describe(client, table);
  if (existing === undefined) {
    if (!source.autoCreate) throw tableMissing(source);
    await client.run(createTable(table, wantedColumns(source)));
    existing = (await describe(client, table)) ?? [];
  }
  const {add, write} = tableChanges(source, existing);
  if (add.length > 0) await addMissing(client, source, add);
  return write;
}

/**
 * What {@link ensureTable} would do with the table as it is found, in a few words.
 *
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export async function tableFit(client: DatabricksClient, source: SinkSource): Promise<string> {
  const existing = await describe(client, qualified(client.options, source.table.name));
  if (existing !== undefined) return fitOf(tableChanges(source, existing).add);
  if (!source.autoCreate) throw tableMissing(source);
  return 'the sink creates it';
}

/** Another partition may add the same columns at this moment: then one of the two finds that they exist. */
async function addMissing(
  client: DatabricksClient,
  source: SinkSource,
  add: readonly WrittenColumn[],
): Promise<void> {
  const table = qualified(client.options, source.table.name);
  try {
    await client.run(addColumns(table, add));
  } catch (error) {
    const existing = await describe(client, table);
    if (existing === undefined || tableChanges(source, existing).add.length > 0) throw error;
  }
}

/** All columns that the table is to have: the topic's, and the sink's own. */
export function wantedColumns({table, insertMode}: SinkSource): readonly WrittenColumn[] {
  const own: WrittenColumn[] = [{name: '_offset', type: 'BIGINT', from: 'offset'}];
  if (insertMode === 'upsert') own.push({name: '_key', type: 'STRING', from: 'key-text'});
  return [...table.columns.map(wanted), ...own];
}

/**
 * Decides what an existing table needs.
 *
 * The watermark does not stand in `_offset`, so that appending does without where the table may not be altered.
 *
 * @throws FatalError SINK_TABLE_MISMATCH
 */
export function tableChanges(
  source: SinkSource,
  existing: readonly ExistingColumn[],
): TableChanges {
  const {autoEvolve, insertMode} = source;
  const typeOf = new Map(existing.map(({name, type}) => [name.toLowerCase(), type]));
  const write: WrittenColumn[] = [];
  const absent: WrittenColumn[] = [];
  for (const column of wantedColumns(source)) {
    const type = typeOf.get(column.name.toLowerCase());
    if (type === undefined) {
      absent.push(column);
    } else if (takes(type, column.type)) {
      write.push({...column, type});
    } else {
      throw mismatch(
        source,
        `column "${column.name}" is ${type}, and the topic brings ${column.type}; alter it or write to another table`,
      );
    }
  }
  if (autoEvolve === 'evolve') return {add: absent, write: [...write, ...absent]};
  const needed = absent.find(({column}) =>
    column === undefined ? insertMode === 'upsert' : autoEvolve === 'fail',
  );
  if (needed === undefined) {
    // Nothing of a line would be written, nor looked at, the mark of its writer included.
    if (write.every(({from}) => from === 'partition'))
      throw mismatch(source, 'it has none of the columns that the topic brings');
    return {add: [], write};
  }
  throw mismatch(
    source,
    `column "${needed.name}" is missing${needed.column === undefined ? ', and "insert.mode: upsert" finds rows by it' : ''}; add it (${needed.type}) or set auto.evolve: evolve`,
  );
}

/** Whether a column of type `actual` holds every value of type `wanted` exactly. */
function takes(actual: string, type: string): boolean {
  if (actual === type) return true;
  if (widenings[type]?.includes(actual) === true) return true;
  const from = decimalPattern.exec(type);
  const to = decimalPattern.exec(actual);
  if (from === null || to === null) return false;
  const [precision = 0, scale = 0] = from.slice(1).map(Number);
  const [toPrecision = 0, toScale = 0] = to.slice(1).map(Number);
  return toScale >= scale && toPrecision - toScale >= precision - scale;
}

const decimalPattern = /^DECIMAL\((\d+),(\d+)\)$/;

const widenings: Readonly<Record<string, readonly string[]>> = {
  SMALLINT: ['INT', 'BIGINT'],
  INT: ['BIGINT'],
  FLOAT: ['DOUBLE'],
};

/** Behind the columns come lines about partitioning and clustering: they begin with an empty one, or with `#`. */
async function describe(
  client: DatabricksClient,
  table: string,
): Promise<readonly ExistingColumn[] | undefined> {
  try {
    const rows = await client.query(describeTable(table));
    const end = rows.findIndex(({col_name: name}) => name === '' || String(name).startsWith('#'));
    return (end < 0 ? rows : rows.slice(0, end)).map(({col_name: name, data_type: type}) => ({
      name: String(name),
      type: String(type).toUpperCase(),
    }));
  } catch (error) {
    if (error instanceof StatementError && error.problem === 'missing') return undefined;
    throw error;
  }
}

function wanted(column: TableColumn): WrittenColumn {
  return {name: column.name, type: columnSql(column.type).type, from: column.from, column};
}

function tableMissing(source: SinkSource): FatalError {
  return mismatch(source, 'it does not exist; create it or set auto.create: true');
}

function mismatch(source: SinkSource, reason: string): FatalError {
  const {sink, table} = source;
  return new FatalError('SINK_TABLE_MISMATCH', `sink ${sink}, table ${table.name}: ${reason}`);
}
