import {notNull} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import type {RelationColumn} from '../replication-source.ts';
import {arrayType, enumArrayType} from './types/array-types.ts';
import {byteaType, unknownType} from './types/binary-types.ts';
import {bitType} from './types/bit-types.ts';
import type {ColumnType, ReportLoss} from './types/column-type.ts';
import {moneyType, numericType} from './types/decimal-types.ts';
import {intervalType} from './types/interval-type.ts';
import {
  booleanType,
  float4Type,
  float8Type,
  int2Type,
  int4Type,
  int8Type,
  oidType,
} from './types/number-types.ts';
import {dateType, timeType, timestampType} from './types/temporal-types.ts';
import {
  enumSchema,
  hstoreType,
  jsonSchema,
  ltreeSchema,
  pointType,
  textSchema,
  textType,
  tsvectorSchema,
  uuidSchema,
  xmlSchema,
} from './types/text-types.ts';
import type {TypeHandling} from './types/type-handling.ts';
import {UnavailableValue} from './types/unavailable-value.ts';
import {checked} from './types/postgres-text.ts';
import {timestamptzType, timetzType} from './types/zoned-types.ts';

type Make = (typeModifier: number, reportLoss: ReportLoss) => ColumnType;

/** Types whose text is their value. */
const textSchemas: readonly (readonly [names: string, schema: Schema])[] = [
  ['varchar text bpchar char name citext inet cidr macaddr macaddr8', textSchema],
  ['int4range int8range numrange tsrange tstzrange daterange', textSchema],
  ['json jsonb', jsonSchema],
  ['uuid', uuidSchema],
  ['xml', xmlSchema],
  ['ltree', ltreeSchema],
  ['tsvector', tsvectorSchema],
];

/** Element types whose arrays Debezium leaves out. */
const withoutArray = new Set(['money', 'name', 'interval', 'varbit', 'xml', 'point']);

/** How the columns of one connector's tables are written. */
export class ColumnTypes {
  readonly #handling: TypeHandling;
  readonly #unavailable: UnavailableValue;
  /** By `pg_type.typname`. */
  readonly #types: ReadonlyMap<string, Make>;
  /** What stands for an unchanged array, by its element type; null for others. */
  readonly #unavailableArrays: ReadonlyMap<string, string>;

  constructor(handling: TypeHandling) {
    this.#handling = handling;
    this.#unavailable = new UnavailableValue(handling.unavailableValue);
    this.#types = new Map(types(handling, this.#unavailable));
    this.#unavailableArrays = unavailableArrays(handling, this.#unavailable);
  }

  /** How a column's values are written; undefined when its type is not supported and the column is left out. */
  of(column: RelationColumn, reportLoss: ReportLoss): ColumnType | undefined {
    const type = this.#nullable(column, reportLoss);
    if (type === undefined || column.nullable) return type;
    return {...type, schema: notNull(type.schema)};
  }

  #nullable(
    {typeName, typeModifier, enumLabels}: RelationColumn,
    reportLoss: ReportLoss,
  ): ColumnType | undefined {
    const isArray = typeName.startsWith('_');
    if (enumLabels !== undefined) {
      const type = textType(enumSchema(enumLabels), this.#unavailable);
      return isArray ? enumArrayType(type, reportLoss) : type;
    }
    if (!isArray) return this.#scalar(typeName, typeModifier, reportLoss);
    const elementName = typeName.slice(1);
    if (withoutArray.has(elementName)) return undefined;
    const element = this.#scalar(elementName, typeModifier, reportLoss);
    const unavailable = this.#unavailableArrays.get(elementName) ?? 'null';
    return element && arrayType(element, unavailable, reportLoss);
  }

  #scalar(name: string, typeModifier: number, reportLoss: ReportLoss): ColumnType | undefined {
    const make = this.#types.get(name);
    if (make !== undefined) return checked(name, make(typeModifier, reportLoss));
    return this.#handling.includeUnknown ? unknownType(this.#handling.binary) : undefined;
  }
}

function always(type: ColumnType): Make {
  return () => type;
}

function types(
  {decimal, time, interval, binary, hstore, moneyFractionDigits}: TypeHandling,
  unavailable: UnavailableValue,
): readonly (readonly [name: string, make: Make])[] {
  const texts = textSchemas.flatMap(([names, schema]) => {
    const make = always(textType(schema, unavailable));
    return names.split(' ').map((name) => [name, make] as const);
  });
  return [
    ...texts,
    ['bool', always(booleanType)],
    ['int2', always(int2Type)],
    ['int4', always(int4Type)],
    ['int8', always(int8Type)],
    ['oid', always(oidType)],
    ['float4', always(float4Type)],
    ['float8', always(float8Type)],
    ['numeric', (modifier, reportLoss) => numericType(decimal, unavailable, modifier, reportLoss)],
    ['money', always(moneyType(decimal, unavailable, moneyFractionDigits))],
    ['date', always(dateType(time))],
    ['time', (modifier, reportLoss) => timeType(time, modifier, reportLoss)],
    ['timetz', always(timetzType)],
    ['timestamp', (modifier, reportLoss) => timestampType(time, modifier, reportLoss)],
    ['timestamptz', timestamptzType],
    ['interval', always(intervalType(interval))],
    ['bytea', always(byteaType(binary, unavailable))],
    ['hstore', always(hstoreType(hstore, unavailable))],
    ['point', always(pointType)],
    ['bit', bitType],
    ['varbit', bitType],
  ];
}

function unavailableArrays(
  {time, binary}: TypeHandling,
  {string, base64, codes, uuid}: UnavailableValue,
): ReadonlyMap<string, string> {
  const texts = ['text', 'varchar', 'bpchar', 'json', 'jsonb'];
  return new Map([
    ...texts.map((name) => [name, `[${string}]`] as const),
    ['int4', codes],
    ['int8', codes],
    ['uuid', `[${uuid}]`],
    ...(time === 'connect' || time === 'isostring' ? [] : [['date', codes] as const]),
    ...(binary === 'bytes' ? [['bytea', `[${base64}]`] as const] : []),
  ]);
}
