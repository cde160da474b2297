import {
  bigint,
  boolean,
  bytes,
  decimal,
  double,
  integer,
  notNull,
  nullable,
  real,
  smallint,
  struct,
} from '../../serde/schema.ts';
import type {Schema} from '../../serde/schema.ts';
import {decimalToUnscaled} from '../../serde/decimal-text.ts';
import type {ColumnType, ReportLoss} from './column-type.ts';

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

/** `numeric(p, s)` as Connect's Decimal; without p and s as Debezium's VariableScaleDecimal. */
export function numericType(typeModifier: number, reportLoss: ReportLoss): ColumnType {
  if (typeModifier < 4) return variableScale(reportLoss);
  const modifier = typeModifier - 4;
  const precision = (modifier >> 16) & 0xffff;
  // 11 bits with sign: a scale is negative from Postgres 15 on.
  const scale = ((modifier & 0x7ff) ^ 0x400) - 0x400;
  return {
    schema: decimal(precision, scale),
    toJson: (text) => {
      if (isSpecial(text)) return lost(text, reportLoss);
      return base64(text, scale);
    },
    zero: '"AA=="',
    unavailable: 'null',
  };
}

function variableScale(reportLoss: ReportLoss): ColumnType {
  return {
    schema: nullable({
      ...struct(
        {scale: notNull(integer()), value: notNull(bytes())},
        {name: 'io.debezium.data.VariableScaleDecimal', version: 1},
      ),
      doc: 'Variable scaled decimal',
    }),
    toJson: (text) => {
      if (isSpecial(text)) return lost(text, reportLoss);
      const scale = significantFraction(text);
      return '{"scale":' + String(scale) + ',"value":' + base64(text, scale) + '}';
    },
    zero: '{"scale":0,"value":"AA=="}',
    unavailable: 'null',
  };
}

/** Text of `money` under `lc_monetary=C`: `-$1,234.56`. */
export const moneyType: ColumnType = {
  schema: {
    type: 'DECIMAL',
    nullable: true,
    name: 'org.apache.kafka.connect.data.Decimal',
    version: 1,
    parameters: {scale: '2'},
    scale: 2,
  },
  toJson: (text) => {
    const amount = text.replace(/[^0-9.]/g, '');
    const negative = text.startsWith('-') || text.startsWith('(');
    return base64((negative ? '-' : '') + amount, 2);
  },
  zero: '"AA=="',
  unavailable: 'null',
};

/** NaN and the infinities, which `numeric` holds and a Decimal does not. */
function isSpecial(text: string): boolean {
  return text.charCodeAt(text.length - 1) > 57;
}

function lost(text: string, reportLoss: ReportLoss): string {
  reportLoss(text);
  return 'null';
}

function base64(text: string, scale: number): string {
  return '"' + decimalToUnscaled(text, scale).toString('base64') + '"';
}

/** Fraction digits up to the last one that is not zero. */
function significantFraction(text: string): number {
  const point = text.indexOf('.');
  if (point < 0) return 0;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  return end - point - 1;
}
