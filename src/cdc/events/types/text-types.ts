import {
  bytes,
  double,
  integer,
  json,
  map,
  notNull,
  nullable,
  struct,
  uuid,
  varchar,
} from '../../../serde/schema.ts';
import type {Schema} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';
import {floatJson} from './number-types.ts';
import {hstoreJson} from './hstore-text.ts';
import {jsonString} from './json-text.ts';
import {writeString} from './string-writer.ts';
import type {TypeHandling} from './type-handling.ts';
import type {UnavailableValue} from './unavailable-value.ts';

/** Also inet, cidr, macaddr and the ranges: their text says it all. */
export const textSchema = varchar();
export const uuidSchema = uuid();
/** Never parsed: spaces, key order, duplicate keys and digits stay as they are. */
export const jsonSchema = json();
export const xmlSchema = named('io.debezium.data.Xml');
export const ltreeSchema = named('io.debezium.data.Ltree');
export const tsvectorSchema = named('io.debezium.data.Tsvector');

function named(name: string): Schema {
  return {...varchar(), name, version: 1};
}

/** A type whose text is its value. */
export function textType(schema: Schema, unavailable: UnavailableValue): ColumnType {
  return {
    schema,
    toJson: jsonString,
    writeJson: writeString,
    zero: '""',
    unavailable: unavailable.string,
  };
}

/** `labels` in the enum's own order. */
export function enumSchema(labels: readonly string[]): Schema {
  return {...named('io.debezium.data.Enum'), parameters: {allowed: labels.join(',')}};
}

/** Its pairs, values being strings or null: a JSON object in a string, or a map. */
export function hstoreType(
  mode: TypeHandling['hstore'],
  unavailable: UnavailableValue,
): ColumnType {
  const placeholder = `{${unavailable.string}:${unavailable.string}}`;
  if (mode === 'map')
    return {schema: map(varchar()), toJson: hstoreJson, zero: '{}', unavailable: placeholder};
  return {
    schema: json(),
    toJson: (text) => jsonString(hstoreJson(text)),
    zero: '"{}"',
    unavailable: jsonString(placeholder),
  };
}

const pointSchema = nullable({
  ...struct(
    {x: notNull(double()), y: notNull(double()), wkb: bytes(), srid: integer()},
    {name: 'io.debezium.data.geometry.Point', version: 1},
  ),
  doc: 'Geometry (POINT)',
});

/** `(1.5,-2)` as its coordinates and as well-known binary. */
export const pointType: ColumnType = {
  schema: pointSchema,
  toJson: pointJson,
  zero: pointJson('(0,0)'),
  unavailable: 'null',
};

function pointJson(point: string): string {
  const [x = '0', y = '0'] = point.slice(1, -1).split(',');
  const wkb = Buffer.alloc(21);
  wkb.writeUInt8(1, 0);
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(Number(x), 5);
  wkb.writeDoubleLE(Number(y), 13);
  return `{"x":${floatJson(x)},"y":${floatJson(y)},"wkb":"${wkb.toString('base64')}","srid":null}`;
}
