import {notNull} from '../serde/schema.ts';
import type {RelationColumn} from './replication-source.ts';
import {arrayType} from './types/array-types.ts';
import {bitType} from './types/bit-types.ts';
import type {ColumnType, ReportLoss} from './types/column-type.ts';
import {
  booleanType,
  float4Type,
  float8Type,
  int2Type,
  int4Type,
  int8Type,
  moneyType,
  numericType,
} from './types/number-types.ts';
import {
  dateType,
  intervalType,
  timeType,
  timestampType,
  timestamptzType,
  timetzType,
} from './types/temporal-types.ts';
import {
  byteaType,
  enumType,
  hstoreType,
  jsonType,
  ltreeType,
  pointType,
  stringType,
  uuidType,
  xmlType,
} from './types/text-types.ts';

type Make = (typeModifier: number, reportLoss: ReportLoss) => ColumnType;

const always =
  (type: ColumnType): Make =>
  () =>
    type;

/** Types whose text says it all. */
const texts = (
  'varchar text bpchar char name citext inet cidr macaddr macaddr8 ' +
  'int4range int8range numrange tsrange tstzrange daterange'
).split(' ');

/** Every `pg_type.typname` that change events can carry, under Debezium's default handling modes. */
const types = new Map<string, Make>([
  ['bool', always(booleanType)],
  ['int2', always(int2Type)],
  ['int4', always(int4Type)],
  ['int8', always(int8Type)],
  ['oid', always(int8Type)],
  ['float4', always(float4Type)],
  ['float8', always(float8Type)],
  ['numeric', numericType],
  ['money', always(moneyType)],
  ['date', always(dateType)],
  ['time', timeType],
  ['timetz', always(timetzType)],
  ['timestamp', timestampType],
  ['timestamptz', timestamptzType],
  ['interval', always(intervalType)],
  ['bytea', always(byteaType)],
  ['json', always(jsonType)],
  ['jsonb', always(jsonType)],
  ['hstore', always(hstoreType)],
  ['uuid', always(uuidType)],
  ['xml', always(xmlType)],
  ['ltree', always(ltreeType)],
  ['point', always(pointType)],
  ['bit', bitType],
  ['varbit', bitType],
  ...texts.map((name) => [name, always(stringType)] as const),
]);

/** Element types whose arrays Debezium leaves out. */
const withoutArray = new Set(['money', 'name', 'interval', 'varbit', 'xml', 'point']);

/** How a column's values are written; undefined when its type is not supported and the column is left out. */
export function columnType(column: RelationColumn, reportLoss: ReportLoss): ColumnType | undefined {
  const type = anyType(column, reportLoss);
  if (type === undefined || column.nullable) return type;
  return {...type, schema: notNull(type.schema)};
}

function anyType(column: RelationColumn, reportLoss: ReportLoss): ColumnType | undefined {
  const {typeName, typeModifier, enumLabels} = column;
  if (!typeName.startsWith('_')) return scalarType(typeName, typeModifier, enumLabels, reportLoss);
  const elementName = typeName.slice(1);
  if (withoutArray.has(elementName)) return undefined;
  const element = scalarType(elementName, typeModifier, enumLabels, reportLoss);
  return element && arrayType(element, reportLoss);
}

function scalarType(
  name: string,
  typeModifier: number,
  enumLabels: readonly string[] | undefined,
  reportLoss: ReportLoss,
): ColumnType | undefined {
  if (enumLabels !== undefined) return enumType(enumLabels);
  return types.get(name)?.(typeModifier, reportLoss);
}
