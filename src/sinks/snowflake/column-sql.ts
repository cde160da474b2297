import type {ColumnType} from '../table-definition.ts';

/** How Snowflake stores a column, and makes it of what JSON carries. */
export interface ColumnSql {
  /** The column's type in the table. */
  readonly type: string;
  /** SQL that makes the column of `json`, an expression of type VARIANT. */
  readonly convert: (json: string) => string;
}

export function columnSql(type: ColumnType): ColumnSql {
  switch (type.kind) {
    case 'BOOLEAN':
      return cast('BOOLEAN');
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
      return cast('NUMBER(38,0)');
    case 'REAL':
    case 'DOUBLE':
      return {
        type: 'FLOAT',
        // Strings are NaN and the infinities, which have no JSON number.
        convert: (json) =>
          `IFF(IS_VARCHAR(${json}), TO_DOUBLE(REPLACE(${json}::VARCHAR, 'Infinity', 'inf')), ${json}::FLOAT)`,
      };
    case 'DECIMAL':
      return decimalSql(type.precision ?? 38, type.scale ?? 0);
    case 'VARCHAR':
    case 'UUID':
      return cast('VARCHAR');
    case 'BYTES':
      return {type: 'BINARY', convert: (json) => `TO_BINARY(${json}::VARCHAR, 'BASE64')`};
    case 'DATE':
      return {
        type: 'DATE',
        convert: (json) => `DATEADD(DAY, ${json}::NUMBER(38,0), '1970-01-01'::DATE)`,
      };
    case 'TIME':
      return {
        type: 'TIME(6)',
        convert: (json) => `TIMEADD(MICROSECOND, ${json}::NUMBER(38,0), '00:00:00'::TIME(6))`,
      };
    case 'TIMESTAMP':
      return {
        type: 'TIMESTAMP_NTZ(6)',
        convert: (json) => `TO_TIMESTAMP_NTZ(${json}::NUMBER(38,0), 6)`,
      };
    case 'TIMESTAMPTZ':
      return {type: 'TIMESTAMP_TZ(6)', convert: (json) => `TO_TIMESTAMP_TZ(${json}::VARCHAR)`};
    case 'JSON':
      return {type: 'VARIANT', convert: (json) => `PARSE_JSON(${json}::VARCHAR)`};
    case 'NESTED':
      break;
  }
  if (type.isArray !== true) return {type: 'VARIANT', convert: nested};
  return {type: 'ARRAY', convert: (json) => `TO_ARRAY(${nested(json)})`};
}

/** JSON itself; its null is the absence of a value. */
function nested(json: string): string {
  return `STRIP_NULL_VALUE(${json})`;
}

function cast(type: string): ColumnSql {
  return {type, convert: (json) => `${json}::${type}`};
}

const WORD = '18446744073709551616';

/**
 * Base64 of a two's-complement number → 32 hexadecimal digits, padded with the sign → two words of 64 bits → NUMBER.
 *
 * A negative number counts from the next multiple of a word towards zero: its words alone may have 39 digits.
 */
function decimalSql(precision: number, scale: number): ColumnSql {
  const type = `NUMBER(${precision},${scale})`;
  const unit = scale === 0 ? '' : `0.${'0'.repeat(scale - 1)}1 * `;
  return {
    type,
    convert: (json) => {
      const hex = `HEX_ENCODE(TO_BINARY(${json}::VARCHAR, 'BASE64'))`;
      const padded = `LPAD(${hex}, 32, IFF(${hex} >= '8', 'F', '0'))`;
      const high = word(`LEFT(${padded}, 16)`);
      const low = word(`RIGHT(${padded}, 16)`);
      const negative = `(${high} - ${WORD} + 1) * ${WORD} + (${low} - ${WORD})`;
      const unscaled = `IFF(${hex} >= '8', ${negative}, ${high} * ${WORD} + ${low})`;
      return `(${unit}${unscaled})::${type}`;
    },
  };
}

function word(hex: string): string {
  return `TO_NUMBER(${hex}, '${'X'.repeat(16)}')`;
}
