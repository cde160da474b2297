import {bigint, boolean, double, integer, real, smallint} from '../../../serde/schema.ts';
import type {Schema} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';

const asIs = (text: string): string => text;

function number(schema: Schema, toJson: (text: string) => string = asIs): ColumnType {
  return {schema, toJson, zero: '0', unavailable: 'null'};
}

/** Postgres writes shortest round-trip digits, which are JSON; what JSON cannot write goes as a string. */
export function floatJson(text: string): string {
  return text === 'NaN' || text.endsWith('Infinity') ? '"' + text + '"' : text;
}

export const booleanType: ColumnType = {
  schema: boolean(),
  toJson: (text) => (text === 't' ? 'true' : 'false'),
  zero: 'false',
  unavailable: 'null',
};
export const int2Type = number(smallint());
export const int4Type = number(integer());
export const int8Type = number(bigint());
export const float4Type = number(real(), floatJson);
export const float8Type = number(double(), floatJson);
