import {
  bytes,
  decimal,
  double,
  integer,
  notNull,
  nullable,
  struct,
  varchar,
} from '../../../serde/schema.ts';
import {decimalToUnscaled} from '../../../serde/decimal-text.ts';
import {lost} from './column-type.ts';
import type {ColumnType, ReportLoss} from './column-type.ts';
import {decimalWriter, writeVariableScale} from './decimal-writers.ts';
import {floatJson} from './number-types.ts';
import {writeNumericText} from './number-writers.ts';
import type {TypeHandling} from './type-handling.ts';
import type {UnavailableValue} from './unavailable-value.ts';

/**
 * `numeric` as a Connect Decimal (without precision and scale as Debezium's VariableScaleDecimal), as text or as a double.
 * NaN and the infinities have a form as text and as a double only.
 */
export function numericType(
  mode: TypeHandling['decimal'],
  unavailable: UnavailableValue,
  typeModifier: number,
  reportLoss: ReportLoss,
): ColumnType {
  const digits = typeModifier < 4 ? undefined : precisionAndScale(typeModifier - 4);
  if (mode === 'double') return doubleType;
  if (mode === 'string') {
    return {
      ...textType(zeroText(digits?.scale ?? 0), unavailable, (text) => special.get(text) ?? text),
      writeJson: writeNumericText,
    };
  }
  return digits === undefined ? variableScale(reportLoss) : fixedScale(digits, reportLoss);
}

function precisionAndScale(modifier: number): {precision: number; scale: number} {
  // 11 bits with sign: a scale is negative from Postgres 15 on.
  return {precision: (modifier >> 16) & 0xffff, scale: ((modifier & 0x7ff) ^ 0x400) - 0x400};
}

function zeroText(scale: number): string {
  return scale > 0 ? '0.' + '0'.repeat(scale) : '0';
}

/** Debezium's names for what BigDecimal has no digits for. */
const special: ReadonlyMap<string, string> = new Map([
  ['NaN', 'NAN'],
  ['Infinity', 'POSITIVE_INFINITY'],
  ['-Infinity', 'NEGATIVE_INFINITY'],
]);

/** What is too small for a double keeps its sign. */
function doubleJson(value: number): string {
  return Object.is(value, -0) ? '-0.0' : floatJson(String(value));
}

const doubleType: ColumnType = {
  schema: double(),
  toJson: (text) => doubleJson(Number(text)),
  zero: '0',
  unavailable: 'null',
};

/** Digits need no escaping. */
function textType(
  zero: string,
  unavailable: UnavailableValue,
  toText: (text: string) => string,
): ColumnType {
  return {
    schema: varchar(),
    toJson: (text) => '"' + toText(text) + '"',
    zero: '"' + zero + '"',
    unavailable: unavailable.string,
  };
}

function fixedScale(
  {precision, scale}: {precision: number; scale: number},
  reportLoss: ReportLoss,
): ColumnType {
  return {
    schema: decimal(precision, scale),
    toJson: (text) => (isSpecial(text) ? lost(text, reportLoss) : base64(text, scale)),
    writeJson: decimalWriter(scale),
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
    writeJson: writeVariableScale,
    zero: '{"scale":0,"value":"AA=="}',
    unavailable: 'null',
  };
}

/** Text of `money` under `lc_monetary=C`: `-$1,234.56`. `fractionDigits` is the scale of the Decimal, half rounded up. */
export function moneyType(
  mode: TypeHandling['decimal'],
  unavailable: UnavailableValue,
  fractionDigits: number,
): ColumnType {
  if (mode === 'double') return {...doubleType, toJson: (text) => doubleJson(Number(amount(text)))};
  if (mode === 'string') return textType(zeroText(fractionDigits), unavailable, amount);
  return {
    schema: {
      type: 'DECIMAL',
      nullable: true,
      name: 'org.apache.kafka.connect.data.Decimal',
      version: 1,
      parameters: {scale: String(fractionDigits)},
      scale: fractionDigits,
    },
    toJson:
      fractionDigits < CENTS
        ? (text) => base64(String(rounded(amount(text), fractionDigits)), 0)
        : (text) => base64(amount(text), fractionDigits),
    zero: '"AA=="',
    unavailable: 'null',
  };
}

/** Fraction digits that `lc_monetary=C` writes. */
const CENTS = 2;

function amount(text: string): string {
  const negative = text.startsWith('-') || text.startsWith('(');
  return (negative ? '-' : '') + text.replace(/[^0-9.]/g, '');
}

/** The amount times 10^`fractionDigits`; a half goes away from zero, as Java's HALF_UP. */
function rounded(decimalText: string, fractionDigits: number): bigint {
  const cents = BigInt(decimalText.replace('.', ''));
  const unit = 10n ** BigInt(CENTS - fractionDigits);
  return (cents + ((cents < 0n ? -1n : 1n) * unit) / 2n) / unit;
}

/** NaN and the infinities, which `numeric` holds and a Decimal does not. */
function isSpecial(text: string): boolean {
  return text.charCodeAt(text.length - 1) > 57;
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
