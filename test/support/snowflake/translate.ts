import {SnowflakeFailure} from './snowflake-failure.ts';

/**
 * Names of Snowflake's functions, as DuckDB macros. Each follows its page of Snowflake's SQL reference as far as the sink
 * uses it.
 */
export const macros = [
  `CREATE MACRO CURRENT_VERSION() AS '9.0.0'`,
  `CREATE MACRO CURRENT_WAREHOUSE() AS 'LOADING'`,
  `CREATE MACRO IFF(condition, yes, no) AS CASE WHEN condition THEN yes ELSE no END`,
  `CREATE MACRO IS_VARCHAR(json) AS coalesce(json_type(json) = 'VARCHAR', false)`,
  `CREATE MACRO IS_NULL_VALUE(json) AS coalesce(json_type(json) = 'NULL', false)`,
  `CREATE MACRO STRIP_NULL_VALUE(json) AS CASE WHEN json_type(json) = 'NULL' THEN NULL ELSE json END`,
  // Whatever is no array becomes one with a single element.
  `CREATE MACRO TO_ARRAY(json) AS CASE WHEN json IS NULL THEN NULL WHEN json_type(json) = 'ARRAY' THEN json ELSE json_array(json) END`,
  `CREATE MACRO TO_DOUBLE(text) AS CAST(text AS DOUBLE)`,
  `CREATE MACRO TO_BINARY(text, encoding) AS from_base64(text)`,
  `CREATE MACRO HEX_ENCODE(content) AS hex(content)`,
  `CREATE MACRO TO_NUMBER(digits, shape) AS CAST(CAST('0x' || digits AS UBIGINT) AS HUGEINT)`,
  `CREATE MACRO PARSE_JSON(text) AS CAST(text AS JSON)`,
  `CREATE MACRO DATEADD_DAY(days, start) AS start + CAST(days AS INTEGER)`,
  `CREATE MACRO TIMEADD_MICROSECOND(micros, start) AS start + to_microseconds(CAST(micros AS BIGINT))`,
  `CREATE MACRO TO_TIMESTAMP_NTZ(micros, scale) AS make_timestamp(CAST(micros AS BIGINT))`,
  // A product of HUGEINT and DECIMAL would be a DOUBLE; through text every digit stays.
  `CREATE MACRO PADDED(scale, number) AS
     lpad(ltrim(CAST(number AS VARCHAR), '-'), CAST(greatest(length(ltrim(CAST(number AS VARCHAR), '-')), scale + 1) AS INTEGER), '0')`,
  `CREATE MACRO SCALED(scale, number) AS
     CASE WHEN number < 0 THEN '-' ELSE '' END || left(PADDED(scale, number), -scale) || '.' || right(PADDED(scale, number), scale)`,
  `CREATE MACRO TO_TIMESTAMP_TZ(text) AS CAST(text AS TIMESTAMPTZ)`,
];

const quoted = String.raw`'(?:[^'\\]|''|\\.)*'`;

/** A query or DML statement of the sink's in DuckDB's dialect; binds stay `?`. */
export function translate(sql: string, transactionId: string | undefined): string {
  return sql
    .replaceAll(
      'SELECT VALUE AS R FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?)))',
      `SELECT unnest(from_json(CAST(? AS JSON), '["JSON"]')) AS R`,
    )
    .replaceAll(
      new RegExp(String.raw`(S\.R(?:\[${quoted}\])+)(::(\w+)(\((\d+),(\d+)\))?)?`, 'g'),
      path,
    )
    .replaceAll(/\(0\.(0*1) \* /g, (_, unit: string) => `SCALED(${unit.length}, `)
    .replaceAll(/::NUMBER\((\d+),(\d+)\)/g, '::DECIMAL($1,$2)')
    .replaceAll(/::TIME\(6\)/g, '::TIME')
    .replaceAll(/DATEADD\(DAY, /g, 'DATEADD_DAY(')
    .replaceAll(/TIMEADD\(MICROSECOND, /g, 'TIMEADD_MICROSECOND(')
    .replaceAll('CURRENT_TIMESTAMP()', 'now()')
    .replaceAll(
      'CURRENT_TRANSACTION()',
      transactionId === undefined ? 'NULL' : `'${transactionId}'`,
    );
}

/** `S.R['v']['name']::VARCHAR`: a JSON string loses its quotes when it is cast. */
function path(
  _: string,
  steps: string,
  cast: string | undefined,
  type = '',
  arguments_ = '',
): string {
  const names = [...steps.matchAll(new RegExp(String.raw`\[(${quoted})\]`, 'g'))].map(([, name]) =>
    pointer(name as string),
  );
  const json = names.reduce((whole, name) => `(${whole} -> ${name})`, 'S.R');
  if (cast === undefined) return json;
  const last = names.pop() as string;
  const text = `(${names.reduce((whole, name) => `(${whole} -> ${name})`, 'S.R')} ->> ${last})`;
  return type === 'VARCHAR' ? text : `CAST(${text} AS ${columnType(`${type}${arguments_}`)})`;
}

/** A name as a JSON pointer, in which DuckDB looks for nothing but the name. */
function pointer(name: string): string {
  const text = name.slice(1, -1).replaceAll(/''|\\./g, (escape) => escape.slice(1));
  return literal(`/${text.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A column's type in DuckDB. */
export function columnType(type: string): string {
  const number = /^NUMBER(\(\d+,\d+\))$/.exec(type);
  if (number !== null) return `DECIMAL${number[1]}`;
  const known = columnTypes[type];
  if (known === undefined)
    throw new SnowflakeFailure('001003', '42000', `SQL compilation error: unknown type ${type}`);
  return known;
}

const columnTypes: Readonly<Record<string, string>> = {
  BOOLEAN: 'BOOLEAN',
  FLOAT: 'DOUBLE',
  INT: 'DECIMAL(38,0)',
  VARCHAR: 'VARCHAR',
  BINARY: 'BLOB',
  DATE: 'DATE',
  'TIME(6)': 'TIME',
  'TIMESTAMP_NTZ(6)': 'TIMESTAMP',
  'TIMESTAMP_TZ(6)': 'TIMESTAMP WITH TIME ZONE',
  TIMESTAMP_LTZ: 'TIMESTAMP WITH TIME ZONE',
  VARIANT: 'JSON',
  ARRAY: 'JSON',
};

/** DuckDB's type as DESCRIBE TABLE shows that of Snowflake. */
export function describedType(type: string): string {
  const decimal = /^DECIMAL(\(\d+,\d+\))$/.exec(type);
  if (decimal !== null) return `NUMBER${decimal[1]}`;
  return describedTypes[type] ?? type;
}

const describedTypes: Readonly<Record<string, string>> = {
  DOUBLE: 'FLOAT',
  VARCHAR: 'VARCHAR(16777216)',
  BLOB: 'BINARY(8388608)',
  TIME: 'TIME(6)',
  TIMESTAMP: 'TIMESTAMP_NTZ(6)',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP_TZ(6)',
  JSON: 'VARIANT',
};
