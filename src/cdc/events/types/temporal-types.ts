import {bigint, date, integer, time, timestamp, varchar} from '../../../serde/schema.ts';
import {dateEnd, daysFromCivil, epoch, isoDate, timeOfDay} from './civil-time.ts';
import type {EpochUnit} from './civil-time.ts';
import type {Schema} from '../../../serde/schema.ts';
import {lost} from './column-type.ts';
import type {ColumnType, ReportLoss} from './column-type.ts';
import type {JsonWriter} from './json-writer.ts';
import {epochWriter, writeDays, writeMicrosOfDay} from './temporal-writers.ts';
import type {TypeHandling} from './type-handling.ts';

type Mode = TypeHandling['time'];

/** Debezium's epoch days of `infinity` and `-infinity`: `LocalDate` -5877611-06-21 and -5877611-06-22. */
const DATE_INFINITY = {days: '-2147472692', iso: '-5877611-06-21Z'};
const DATE_MINUS_INFINITY = {days: '-2147472691', iso: '-5877611-06-22Z'};

/** pgjdbc's `DATE_POSITIVE_INFINITY` and `DATE_NEGATIVE_INFINITY`, which Debezium reads as microseconds. */
const TIMESTAMP_INFINITY: Infinities = {
  3: '9223372036825200',
  6: '9223372036825200000',
  9: '9223372036854775807',
  iso: '+294247-01-10T04:00:25.2Z',
};
const TIMESTAMP_MINUS_INFINITY: Infinities = {
  3: '-9223372036832400',
  6: '-9223372036832400000',
  9: '-9223372036854775808',
  iso: '-290308-12-21T19:59:27.6Z',
};

type Infinities = Readonly<Record<EpochUnit | 'iso', string>>;

const INT64_MAX = 2n ** 63n - 1n;

function numeric(
  schema: Schema,
  toJson: (text: string) => string,
  writeJson?: JsonWriter,
): ColumnType {
  return {schema, toJson, ...(writeJson && {writeJson}), zero: '0', unavailable: 'null'};
}

function semantic(schema: Schema, name: string): Schema {
  return {...schema, name, version: 1};
}

function isoType(name: string, zero: string, toText: (text: string) => string): ColumnType {
  return {
    schema: semantic(varchar(), `io.debezium.time.${name}`),
    toJson: (text) => '"' + toText(text) + '"',
    zero: '"' + zero + '"',
    unavailable: 'null',
  };
}

/** Days since 1970-01-01; as ISO 8601 in the mode `isostring`. */
export function dateType(mode: Mode): ColumnType {
  if (mode === 'isostring')
    return isoType('IsoDate', '1970-01-01Z', (text) => {
      if (text.endsWith('infinity')) return dateInfinity(text).iso;
      return isoDate(text.slice(0, dateEnd(text)), text.endsWith(' BC')) + 'Z';
    });
  const schema =
    mode === 'connect' ? semantic(integer(), 'org.apache.kafka.connect.data.Date') : date();
  return numeric(
    schema,
    (text) =>
      text.endsWith('infinity') ? dateInfinity(text).days : String(daysFromCivil(text).days),
    writeDays,
  );
}

function dateInfinity(text: string): typeof DATE_INFINITY {
  return text.startsWith('-') ? DATE_MINUS_INFINITY : DATE_INFINITY;
}

/** Fraction digits of a time or timestamp column; Postgres' default is 6. */
const digitsOf = (typeModifier: number): number => (typeModifier < 0 ? 6 : typeModifier);

/** By fraction digits. */
type Temporal = (digits: number, reportLoss: ReportLoss) => ColumnType;

const times: Readonly<Record<Mode, Temporal>> = {
  adaptive: (digits) => (digits > 3 ? microTime : milliTime('io.debezium.time.Time')),
  adaptive_time_microseconds: () => microTime,
  microseconds: () => microTime,
  connect: () => milliTime('org.apache.kafka.connect.data.Time'),
  nanoseconds: () =>
    numeric(semantic(bigint(), 'io.debezium.time.NanoTime'), (text) => {
      const {micros} = timeOfDay(text, 0);
      return micros === 0 ? '0' : String(micros) + '000';
    }),
  isostring: () => isoType('IsoTime', '00:00:00Z', (text) => text + 'Z'),
};

/**
 * The time of day: in milliseconds up to `time(3)` and microseconds beyond, or in what the mode says. `24:00:00` is
 * allowed.
 */
export function timeType(mode: Mode, typeModifier: number, reportLoss: ReportLoss): ColumnType {
  return times[mode](digitsOf(typeModifier), reportLoss);
}

const microTime = numeric(time(), (text) => String(timeOfDay(text, 0).micros), writeMicrosOfDay);

function milliTime(name: string): ColumnType {
  return numeric(semantic(integer(), name), millisOfDay);
}

function millisOfDay(text: string): string {
  return String(Math.floor(timeOfDay(text, 0).micros / 1000));
}

const timestamps: Readonly<Record<Mode, Temporal>> = {
  adaptive: adaptiveTimestamp,
  adaptive_time_microseconds: adaptiveTimestamp,
  microseconds: (_, reportLoss) => sinceEpoch(timestamp(), 6, reportLoss),
  connect: (_, reportLoss) => epochNamed('org.apache.kafka.connect.data.Timestamp', 3, reportLoss),
  nanoseconds: (_, reportLoss) => epochNamed('io.debezium.time.NanoTimestamp', 9, reportLoss),
  isostring: () => isoType('IsoTimestamp', '1970-01-01T00:00:00Z', isoTimestamp),
};

/**
 * The wall clock read as UTC, since 1970: in milliseconds up to `timestamp(3)` and microseconds beyond, or in what the
 * mode says. What 64 bits cannot hold (from 294247 on in microseconds, from 2262 on in nanoseconds) becomes null, reported.
 */
export function timestampType(
  mode: Mode,
  typeModifier: number,
  reportLoss: ReportLoss,
): ColumnType {
  return timestamps[mode](digitsOf(typeModifier), reportLoss);
}

function adaptiveTimestamp(digits: number, reportLoss: ReportLoss): ColumnType {
  return digits > 3
    ? sinceEpoch(timestamp(), 6, reportLoss)
    : epochNamed('io.debezium.time.Timestamp', 3, reportLoss);
}

function epochNamed(name: string, unit: EpochUnit, reportLoss: ReportLoss): ColumnType {
  return sinceEpoch(semantic(bigint(), name), unit, reportLoss);
}

function sinceEpoch(schema: Schema, unit: EpochUnit, reportLoss: ReportLoss): ColumnType {
  const toJson = (text: string): string => {
    if (text.endsWith('infinity')) return timestampInfinity(text)[unit];
    const {days, end} = daysFromCivil(text);
    const digits = epoch(days, timeOfDay(text, end + 1).micros, unit);
    // 2^63 has 19 digits.
    return digits.length < 19 || fits(digits) ? digits : lost(text, reportLoss);
  };
  return numeric(schema, toJson, epochWriter(unit));
}

function fits(digits: string): boolean {
  const value = BigInt(digits);
  return value <= INT64_MAX && value >= -INT64_MAX - 1n;
}

function timestampInfinity(text: string): Infinities {
  return text.startsWith('-') ? TIMESTAMP_MINUS_INFINITY : TIMESTAMP_INFINITY;
}

function isoTimestamp(text: string): string {
  if (text.endsWith('infinity')) return timestampInfinity(text).iso;
  const beforeChrist = text.endsWith(' BC');
  const space = text.indexOf(' ');
  const clock = beforeChrist ? text.slice(space + 1, -3) : text.slice(space + 1);
  return `${isoDate(text.slice(0, space), beforeChrist)}T${clock}Z`;
}
