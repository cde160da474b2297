import type {TableColumn} from '../table-definition.ts';
import type {SinkSource} from '../warehouse-sink.ts';
import {columnSql, identifier, literal} from './column-sql.ts';
import type {LineShape} from './ndjson-file.ts';

/** What the lines of a table's batches have to carry. */
export function lineShape(source: SinkSource, columns: readonly TableColumn[]): LineShape {
  const struct = columns.some(({from}) => from === 'key-field');
  const primitive = columns.find(({from}) => from === 'key');
  const quoted = primitive !== undefined && !bareKinds.has(primitive.type.kind);
  return {
    identity: source.insertMode === 'upsert',
    copiedKey: quoted ? 'text' : struct || primitive !== undefined ? 'json' : 'none',
  };
}

/** Key types whose text is a JSON value as it stands. */
const bareKinds = new Set([
  'BOOLEAN',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'NESTED',
]);

/** The statement that inserts the lines of `path` into the table, lines of up to `lineBytes`. */
export function insertSql(
  source: SinkSource,
  columns: readonly TableColumn[],
  path: string,
  lineBytes: number,
): string {
  const upsert = source.insertMode === 'upsert';
  const targets = columns.map(({name}) => identifier(name));
  const values = columns.map((column) => valueOf(column, source.partition));
  const wires = columns
    .filter(({from}) => from === 'value')
    .map(({name, type}) => `${literal(name)}: ${literal(columnSql(type).wire)}`);
  const keyFields = columns.filter(({from}) => from === 'key-field');
  if (keyFields.length > 0) {
    const fields = keyFields.map(({name, type}) => `${identifier(name)} ${columnSql(type).wire}`);
    wires.push(`'_k': ${literal(`STRUCT(${fields.join(', ')})`)}`);
  }
  for (const {from, type} of columns) {
    if (from === 'key') wires.push(`'_k': ${literal(columnSql(type).wire)}`);
  }
  targets.push('_offset');
  values.push('_offset');
  wires.push(`'_offset': 'BIGINT'`);
  if (upsert) {
    targets.push('_key', '_key_hash');
    values.push('_key_text', '_key_hash');
    wires.push(`'_key_text': 'VARCHAR'`, `'_key_hash': 'BIGINT'`);
  }
  return `INSERT INTO ${identifier(source.table.name)} (${targets.join(', ')})
    SELECT ${values.join(', ')}
    FROM read_json(${literal(path)}, format = 'newline_delimited', maximum_object_size = ${lineBytes},
      columns = {${wires.join(', ')}})`;
}

function valueOf({name, type, from}: TableColumn, partition: number): string {
  const {convert} = columnSql(type);
  switch (from) {
    case 'value':
      return convert(identifier(name));
    case 'key-field':
      return convert(`_k.${identifier(name)}`);
    case 'key':
      return convert('_k');
    case 'partition':
      break;
  }
  return String(partition);
}
