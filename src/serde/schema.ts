declare const inferred: unique symbol;

/** Connect's physical types under their SQL names. */
export type SchemaType =
  | 'BOOLEAN'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'REAL'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'VARCHAR'
  | 'BYTES'
  | 'ARRAY'
  | 'MAP'
  | 'STRUCT';

/**
 * A typed schema, Connect's model: a physical type, nullability, and where needed a semantic name with its version and
 * parameters. `T` is the TypeScript type of the values it describes.
 *
 * Nullable unless wrapped in {@link notNull}, as in SQL; structs are NOT NULL unless wrapped in {@link nullable}.
 */
export interface Schema<T = unknown> {
  readonly type: SchemaType;
  readonly nullable: boolean;
  /** Connect's semantic schema name, `io.debezium.time.Date`; JSON Schema's `title`. */
  readonly name?: string;
  readonly version?: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly doc?: string;
  readonly default?: unknown;
  /** Columns in order; STRUCT only. */
  readonly fields?: Fields;
  /** Element of an ARRAY, value of a MAP with string keys. */
  readonly element?: Schema;
  /** DECIMAL only. */
  readonly scale?: number;
  readonly [inferred]?: T;
}

export type Fields = Readonly<Record<string, Schema>>;

/** A row: named columns, in order. */
export interface Struct<F extends Fields> extends Schema<InferFields<F>> {
  readonly type: 'STRUCT';
  readonly fields: F;
}

/** The TypeScript type of the values a schema describes. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

export type InferFields<F extends Fields> = {readonly [K in keyof F]: Infer<F[K]>};

/** What tells two schemas of one physical type apart. */
interface Semantics {
  readonly name: string;
  readonly version?: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly doc?: string;
}

function primitive<T>(type: SchemaType, semantics?: Semantics): Schema<T | null> {
  return {type, nullable: true, ...semantics};
}

export const boolean = (): Schema<boolean | null> => primitive('BOOLEAN');
/** int16. */
export const smallint = (): Schema<number | null> => primitive('SMALLINT');
/** int32. */
export const integer = (): Schema<number | null> => primitive('INTEGER');
/** int64, a `bigint` so that every digit is kept. */
export const bigint = (): Schema<bigint | null> => primitive('BIGINT');
/** float32. */
export const real = (): Schema<number | null> => primitive('REAL');
/** float64. */
export const double = (): Schema<number | null> => primitive('DOUBLE');
export const varchar = (): Schema<string | null> => primitive('VARCHAR');
export const bytes = (): Schema<Buffer | null> => primitive('BYTES');

/** `numeric(precision, scale)` as exact decimal text, `"12.50"`; Connect's Decimal on the wire. */
export function decimal(precision: number, scale: number): Schema<string | null> {
  return {
    ...primitive('DECIMAL', {
      name: 'org.apache.kafka.connect.data.Decimal',
      version: 1,
      parameters: {scale: String(scale), 'connect.decimal.precision': String(precision)},
    }),
    scale,
  };
}

/** Days since 1970-01-01. */
export const date = (): Schema<number | null> =>
  primitive('INTEGER', {name: 'io.debezium.time.Date', version: 1});
/** Microseconds of the day. */
export const time = (): Schema<bigint | null> =>
  primitive('BIGINT', {name: 'io.debezium.time.MicroTime', version: 1});
/** Wall clock without a zone: microseconds since 1970-01-01 00:00 read as UTC. */
export const timestamp = (): Schema<bigint | null> =>
  primitive('BIGINT', {name: 'io.debezium.time.MicroTimestamp', version: 1});
/** ISO 8601 text in UTC, `2024-01-01T21:34:05.123456Z`. */
export const timestamptz = (): Schema<string | null> =>
  primitive('VARCHAR', {name: 'io.debezium.time.ZonedTimestamp', version: 1});
/** JSON text, never parsed. */
export const json = (): Schema<string | null> =>
  primitive('VARCHAR', {name: 'io.debezium.data.Json', version: 1});
export const uuid = (): Schema<string | null> =>
  primitive('VARCHAR', {name: 'io.debezium.data.Uuid', version: 1});

export function array<T>(element: Schema<T>): Schema<readonly T[] | null> {
  return {type: 'ARRAY', nullable: true, element: element};
}

/**
 * A map with string keys.
 *
 * @public Postgres sources bring them as hstore; the pipeline that comes with the service has none.
 */
export function map<T>(element: Schema<T>): Schema<Readonly<Record<string, T>> | null> {
  return {type: 'MAP', nullable: true, element: element};
}

/** A row. `name` and `version` are Connect's, shown in the registered JSON Schema. */
export function struct<F extends Fields>(
  fields: F,
  semantics?: {readonly name: string; readonly version?: number},
): Struct<F> {
  return {type: 'STRUCT', nullable: false, fields, ...semantics};
}

export function notNull<T>(schema: Schema<T>): Schema<NonNullable<T>> {
  return {...schema, nullable: false} as Schema<NonNullable<T>>;
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return {...schema, nullable: true};
}
