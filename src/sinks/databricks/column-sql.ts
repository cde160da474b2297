import type {ColumnType} from '../table-definition.ts';

/** How Databricks stores a column, reads it from JSON, and makes the one of the other. */
export interface ColumnSql {
  /** The column's type in the table, as `DESCRIBE TABLE` spells it, in capitals. */
  readonly type: string;
  /** What `from_json` is to take the JSON value as. */
  readonly wire: string;
  /** SQL that makes the column of `wire`, an expression of type {@link wire}. */
  readonly convert: (wire: string) => string;
}

const asIs = (wire: string): string => wire;
const same = (type: string): ColumnSql => ({type, wire: type, convert: asIs});

/** Nothing here depends on the session's time zone. Bad values are errors, because casts and functions are ANSI's. */
export function columnSql(type: ColumnType): ColumnSql {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'SMALLINT':
    case 'BIGINT':
    case 'DOUBLE':
      return same(type.kind);
    case 'INTEGER':
      return same('INT');
    case 'REAL':
      return same('FLOAT');
    case 'VARCHAR':
    case 'UUID':
    case 'JSON':
    case 'NESTED':
      return same('STRING');
    case 'DECIMAL':
      return decimalSql(type.precision ?? 38, type.scale ?? 0);
    case 'BYTES':
      return {type: 'BINARY', wire: 'STRING', convert: (wire) => `to_binary(${wire}, 'base64')`};
    case 'DATE':
      return {type: 'DATE', wire: 'INT', convert: (wire) => `date_from_unix_date(${wire})`};
    case 'TIME':
      return {type: 'STRING', wire: 'BIGINT', convert: timeText};
    case 'TIMESTAMP':
      return {type: 'TIMESTAMP', wire: 'BIGINT', convert: (wire) => `timestamp_micros(${wire})`};
    case 'TIMESTAMPTZ':
      break;
  }
  return {type: 'TIMESTAMP', wire: 'STRING', convert: (wire) => `CAST(${wire} AS TIMESTAMP)`};
}

/** Names `wire` within `body`: an expression that is needed more than once is written and evaluated once. */
function binding(name: string, wire: string, body: string): string {
  return `element_at(transform(array(${wire}), ${name} -> ${body}), 1)`;
}

/** Databricks has no type for a time of day: `12:34:56.789000`. */
function timeText(wire: string): string {
  const hours = digitsOf('t DIV 3600000000', 2);
  const minutes = digitsOf('t DIV 60000000 % 60', 2);
  const seconds = digitsOf('t DIV 1000000 % 60', 2);
  return binding(
    't',
    wire,
    `${hours} || ':' || ${minutes} || ':' || ${seconds} || '.' || ${digitsOf('t % 1000000', 6)}`,
  );
}

/**
 * Base64 of a two's-complement number → its hexadecimal digits, padded with the sign to 128 bits → four numbers of 32
 * bits, complemented where it is negative → their sum → text with a decimal point → DECIMAL. Dividing would lose digits.
 */
function decimalSql(precision: number, scale: number): ColumnSql {
  const type = `DECIMAL(${precision},${scale})`;
  const chunk = (index: number): string => whole(`conv(substr(d, ${1 + 8 * index}, 8), 16, 10)`);
  const sum = (term: (index: number) => string): string =>
    [0, 1, 2, 3].map((index) => `${term(index)} * ${whole(`'${powers[index]}'`)}`).join(' + ');
  const complement = (index: number): string => `(${whole(`'4294967295'`)} - ${chunk(index)})`;
  const magnitude = `CASE WHEN substr(d, 1, 1) >= '8' THEN ${sum(complement)} + ${whole(`'1'`)} ELSE ${sum(chunk)} END`;
  const digits = `lpad(hex(b), 32, CASE WHEN substr(hex(b), 1, 1) >= '8' THEN 'F' ELSE '0' END)`;
  // More than 128 bits are no such number, and would be cut: hexadecimal digits are none to CAST, which fails on them.
  const checked = `CASE WHEN octet_length(b) > 16 THEN CAST(${whole(`'0x' || hex(b)`)} AS STRING) ELSE ${digits} END`;
  const sign = `CASE WHEN substr(d, 1, 1) >= '8' THEN '-' ELSE '' END`;
  const padded = `lpad(m, CAST(greatest(length(m), ${scale + 1}) AS INT), '0')`;
  const text =
    scale === 0
      ? 'm'
      : binding(
          'p',
          padded,
          `left(p, CAST(length(p) - ${scale} AS INT)) || '.' || right(p, ${scale})`,
        );
  return {
    type,
    wire: 'STRING',
    convert: (wire) =>
      `CAST(${binding(
        'd',
        binding('b', `to_binary(${wire}, 'base64')`, checked),
        `${sign} || ${binding('m', `CAST(${magnitude} AS STRING)`, text)}`,
      )} AS ${type})`,
  };
}

function digitsOf(value: string, count: number): string {
  return `lpad(CAST(${value} AS STRING), ${count}, '0')`;
}

function whole(text: string): string {
  return `CAST(${text} AS DECIMAL(38,0))`;
}

/** 2^96, 2^64, 2^32 and 1. */
const powers = ['79228162514264337593543950336', '18446744073709551616', '4294967296', '1'];

/** A quoted identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A quoted string: a backslash escapes, and two quotes in a row would be two strings. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
