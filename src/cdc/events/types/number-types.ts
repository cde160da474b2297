import {bigint, boolean, double, integer, real, smallint} from '../../../serde/schema.ts';
import type {Schema} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';
import {writeBoolean, writeFloat, writeInteger} from './number-writers.ts';

const asIs = (text: string): string => text;

function whole(schema: Schema): ColumnType {
  return {schema, toJson: asIs, writeJson: writeInteger, zero: '0', unavailable: 'null'};
}

function float(schema: Schema): ColumnType {
  return {schema, toJson: floatJson, writeJson: writeFloat, zero: '0', unavailable: 'null'};
}

/** Postgres writes shortest round-trip digits, which are JSON; what JSON cannot write goes as a string. */
export function floatJson(text: string): string {
  return text === 'NaN' || text.endsWith('Infinity') ? '"' + text + '"' : text;
}

export const booleanType: ColumnType = {
  schema: boolean(),
  toJson: (text) => (text === 't' ? 'true' : 'false'),
  writeJson: writeBoolean,
  zero: 'false',
  unavailable: 'null',
};
export const int2Type = whole(smallint());
export const int4Type = whole(integer());
export const int8Type = whole(bigint());
export const oidType: ColumnType = {
  schema: bigint(),
  toJson: asIs,
  zero: '0',
  unavailable: 'null',
};
export const float4Type = float(real());
export const float8Type = float(double());
