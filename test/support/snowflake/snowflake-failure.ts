/** What the stand-in answers to a statement that it refuses: code and SQL state as Snowflake has them. */
export class SnowflakeFailure extends Error {
  override readonly name = 'SnowflakeFailure';
  readonly code: string;
  readonly sqlState: string;

  constructor(code: string, sqlState: string, message: string) {
    super(message);
    this.code = code;
    this.sqlState = sqlState;
  }
}

/** DuckDB's error as the one that Snowflake has for the same. */
export function snowflakeFailure(error: unknown): SnowflakeFailure {
  if (error instanceof SnowflakeFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = message.split('\n');
  if (/Malformed JSON/.test(first))
    return new SnowflakeFailure('100069', '22P02', `Error parsing JSON: ${first}`);
  if (first.startsWith('Constraint Error: NOT NULL'))
    return new SnowflakeFailure(
      '100072',
      '22000',
      `NULL result in a non-nullable column: ${first}`,
    );
  if (/^(?:Conversion|Invalid Input|Out of Range) Error/.test(first))
    return new SnowflakeFailure('100038', '22018', `Value is not recognized: ${first}`);
  if (/does not exist/.test(first))
    return new SnowflakeFailure(
      '002003',
      '02000',
      `SQL compilation error: ${first} or not authorized.`,
    );
  if (/not found|Referenced column/.test(first))
    return new SnowflakeFailure(
      '000904',
      '42000',
      `SQL compilation error: invalid identifier: ${first}`,
    );
  return new SnowflakeFailure('001003', '42000', `SQL compilation error: ${first}`);
}
