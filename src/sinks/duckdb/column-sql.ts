import type {ColumnType} from '../table-definition.ts';

/** How DuckDB stores a column, reads it from JSON, and makes the one of the other. */
export interface ColumnSql {
  /** The column's type in the table. */
  readonly type: string;
  /** What `read_json` is to take the JSON value as. */
  readonly wire: string;
  /** SQL that makes the column of `wire`, an expression of type {@link wire}. */
  readonly convert: (wire: string) => string;
}

const asIs = (wire: string): string => wire;
const same = (type: string): ColumnSql => ({type, wire: type, convert: asIs});

export function columnSql(type: ColumnType): ColumnSql {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'DOUBLE':
    case 'VARCHAR':
      return same(type.kind);
    case 'REAL':
      return same('FLOAT');
    case 'DECIMAL':
      return decimalSql(type.precision ?? 38, type.scale ?? 0);
    case 'BYTES':
      return {type: 'BLOB', wire: 'VARCHAR', convert: (wire) => `from_base64(${wire})`};
    case 'DATE':
      return {type: 'DATE', wire: 'INTEGER', convert: (wire) => `(DATE '1970-01-01' + ${wire})`};
    case 'TIME':
      return {
        type: 'TIME',
        wire: 'BIGINT',
        convert: (wire) => `(TIME '00:00:00' + to_microseconds(${wire}))`,
      };
    case 'TIMESTAMP':
      return {type: 'TIMESTAMP', wire: 'BIGINT', convert: (wire) => `make_timestamp(${wire})`};
    case 'TIMESTAMPTZ':
      return {
        type: 'TIMESTAMP WITH TIME ZONE',
        wire: 'VARCHAR',
        convert: (wire) => `CAST(${wire} AS TIMESTAMPTZ)`,
      };
    case 'UUID':
      return {type: 'UUID', wire: 'VARCHAR', convert: (wire) => `CAST(${wire} AS UUID)`};
    case 'JSON':
      return {type: 'JSON', wire: 'VARCHAR', convert: (wire) => `CAST(${wire} AS JSON)`};
    case 'NESTED':
      break;
  }
  return same('JSON');
}

/**
 * Base64 of a two's-complement number → HUGEINT by its bits, padded with the sign → text with a decimal point → DECIMAL.
 * Dividing would go through DOUBLE, and text with an exponent is refused for some 38-digit numbers.
 */
function decimalSql(precision: number, scale: number): ColumnSql {
  const type = `DECIMAL(${precision},${scale})`;
  return {
    type,
    wire: 'VARCHAR',
    convert: (wire) => {
      const bits = `CAST(CAST(from_base64(${wire}) AS BIT) AS VARCHAR)`;
      const unscaled = `CAST(CAST(${pad(bits, 128, `left(${bits}, 1)`)} AS BIT) AS HUGEINT)`;
      const text = `CAST(${unscaled} AS VARCHAR)`;
      if (scale === 0) return `CAST(${text} AS ${type})`;
      const digits = `ltrim(${text}, '-')`;
      const padded = pad(digits, scale + 1, "'0'");
      const sign = `CASE WHEN starts_with(${text}, '-') THEN '-' ELSE '' END`;
      const point = `left(${padded}, -${scale}) || '.' || right(${padded}, ${scale})`;
      return `CAST(${sign} || ${point} AS ${type})`;
    },
  };
}

/** Pads on the left. DuckDB's own `lpad` would cut what is longer. */
function pad(text: string, length: number, fill: string): string {
  return `lpad(${text}, CAST(greatest(length(${text}), ${length}) AS INTEGER), ${fill})`;
}

/** A quoted identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted string. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
