import {
  bytes,
  double,
  integer,
  json,
  notNull,
  nullable,
  struct,
  uuid,
  varchar,
} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import {UNAVAILABLE_BASE64, UNAVAILABLE_JSON, UNAVAILABLE_VALUE} from './column-type.ts';
import type {ColumnType} from './column-type.ts';
import {floatJson} from './number-types.ts';
import {parseHstore} from './hstore-text.ts';
import {jsonString} from './json-text.ts';

function text(schema: Schema, zero = '""'): ColumnType {
  return {schema, toJson: jsonString, zero, unavailable: UNAVAILABLE_JSON};
}

const named = (name: string): Schema => ({...varchar(), name, version: 1});

/** Also inet, cidr, macaddr and the ranges: their text says it all. */
export const stringType = text(varchar());
export const uuidType = text(uuid(), '"00000000-0000-0000-0000-000000000000"');
/** Never parsed: spaces, key order, duplicate keys and digits stay as they are. */
export const jsonType = text(json(), '"{}"');
export const xmlType = text(named('io.debezium.data.Xml'));
export const ltreeType = text(named('io.debezium.data.Ltree'));

/** `labels` in the enum's own order. */
export function enumType(labels: readonly string[]): ColumnType {
  return text({
    ...named('io.debezium.data.Enum'),
    parameters: {allowed: labels.join(',')},
  });
}

/** `bytea_output=hex`: `\xdeadbeef`. */
export const byteaType: ColumnType = {
  schema: bytes(),
  toJson: (hex) => '"' + Buffer.from(hex.slice(2), 'hex').toString('base64') + '"',
  zero: '""',
  unavailable: UNAVAILABLE_BASE64,
};

/** A JSON object in a string, values being strings or null. */
export const hstoreType: ColumnType = {
  schema: json(),
  toJson: (pairs) => jsonString(JSON.stringify(Object.fromEntries(parseHstore(pairs)))),
  zero: '"{}"',
  unavailable: jsonString(JSON.stringify({[UNAVAILABLE_VALUE]: UNAVAILABLE_VALUE})),
};

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
