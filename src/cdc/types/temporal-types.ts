import {bigint, date, integer, time, timestamp, timestamptz, varchar} from '../../serde/schema.ts';
import {daysFromCivil, epoch, timeOfDay} from './civil-time.ts';
import type {Schema} from '../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';

const SECONDS_PER_DAY = 86_400;

/** Debezium's epoch days of `infinity` and `-infinity`: `LocalDate` -5877611-06-21 and -5877611-06-22. */
const DATE_INFINITY = '-2147472692';
const DATE_MINUS_INFINITY = '-2147472691';

/** pgjdbc's `DATE_POSITIVE_INFINITY` and `DATE_NEGATIVE_INFINITY`, as Debezium documents them. */
const TIMESTAMP_INFINITY = '9223372036825200000';
const TIMESTAMP_MINUS_INFINITY = '-9223372036832400000';

const zeroed = (schema: Schema, toJson: (text: string) => string): ColumnType => ({
  schema,
  toJson,
  zero: '0',
  unavailable: 'null',
});

const semantic = (schema: Schema, name: string): Schema => ({...schema, name, version: 1});

/** Days since 1970-01-01. */
export const dateType = zeroed(date(), (text) => {
  if (text === 'infinity') return DATE_INFINITY;
  if (text === '-infinity') return DATE_MINUS_INFINITY;
  return String(daysFromCivil(text).days);
});

/** Fraction digits of a time or timestamp column; Postgres' default is 6. */
const digitsOf = (typeModifier: number): number => (typeModifier < 0 ? 6 : typeModifier);

/** Milliseconds of the day up to `time(3)`, microseconds beyond. `24:00:00` is allowed. */
export function timeType(typeModifier: number): ColumnType {
  if (digitsOf(typeModifier) > 3)
    return zeroed(time(), (text) => String(timeOfDay(text, 0).micros));
  return zeroed(semantic(integer(), 'io.debezium.time.Time'), (text) =>
    String(timeOfDay(text, 0).micros / 1000),
  );
}

/** The wall clock read as UTC: milliseconds since 1970 up to `timestamp(3)`, microseconds beyond. */
export function timestampType(typeModifier: number): ColumnType {
  if (digitsOf(typeModifier) > 3) return zeroed(timestamp(), (text) => sinceEpoch(text, 6));
  return zeroed(semantic(bigint(), 'io.debezium.time.Timestamp'), (text) => sinceEpoch(text, 3));
}

function sinceEpoch(text: string, digits: 3 | 6): string {
  if (text.endsWith('infinity')) {
    const micros = text.startsWith('-') ? TIMESTAMP_MINUS_INFINITY : TIMESTAMP_INFINITY;
    return digits === 6 ? micros : micros.slice(0, -3);
  }
  const {days, end} = daysFromCivil(text);
  const {micros} = timeOfDay(text, end + 1);
  return epoch(days, micros, digits);
}

/** ISO 8601 in UTC with as many fraction digits as the column has. The session's time zone is UTC. */
export function timestamptzType(typeModifier: number): ColumnType {
  const digits = digitsOf(typeModifier);
  return {
    schema: timestamptz(),
    toJson: (text) => {
      if (text.endsWith('infinity')) return '"' + text + '"';
      return '"' + zonedTimestamp(text, digits) + '"';
    },
    zero: '"' + zonedTimestamp('1970-01-01 00:00:00+00', digits) + '"',
    unavailable: 'null',
  };
}

/** `2024-01-01 21:34:05.12+00` → `2024-01-01T21:34:05.120000Z`. */
function zonedTimestamp(text: string, digits: number): string {
  const space = text.indexOf(' ');
  const zone = text.indexOf('+', space);
  const day = isoDate(text.slice(0, space), text.endsWith(' BC'));
  const clock = text.slice(space + 1, space + 9);
  if (digits === 0) return `${day}T${clock}Z`;
  return `${day}T${clock}.${text.slice(space + 10, zone).padEnd(digits, '0')}Z`;
}

/** The year in ISO 8601's expanded form where it has more than four digits or lies before year 1. */
function isoDate(day: string, beforeChrist: boolean): string {
  if (day.length === 10 && !beforeChrist) return day;
  const dash = day.indexOf('-');
  const year = Number(day.slice(0, dash));
  // 1 BC is year 0.
  const iso = beforeChrist ? 1 - year : year;
  const sign = iso < 0 ? '-' : iso > 9999 ? '+' : '';
  return sign + String(Math.abs(iso)).padStart(4, '0') + day.slice(dash);
}

/** The time of day at UTC, with the fraction digits that Postgres wrote. */
export const timetzType: ColumnType = {
  schema: semantic(varchar(), 'io.debezium.time.ZonedTime'),
  toJson: (text) => '"' + zonedTime(text) + '"',
  zero: '"00:00:00Z"',
  unavailable: 'null',
};

/** `04:05:06.789-08` → `12:05:06.789Z`. */
function zonedTime(text: string): string {
  const {end} = timeOfDay(text, 0);
  const fraction = text.slice(8, end);
  const [hours = 0, minutes = 0, seconds = 0] = text
    .slice(end + 1)
    .split(':')
    .map(Number);
  const east = (hours * 60 + minutes) * 60 + seconds;
  const offset = text[end] === '-' ? -east : east;
  const local = timeOfDay(text.slice(0, 8), 0).micros / 1_000_000;
  const utc = (((local - offset) % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
  return `${two(utc / 3600)}:${two((utc / 60) % 60)}:${two(utc % 60)}${fraction}Z`;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** Microseconds, a month being 30.4375 days and a day 24 hours. */
export const intervalType = zeroed(semantic(bigint(), 'io.debezium.time.MicroDuration'), (text) =>
  intervalMicros(text).toString(),
);

const MICROS_PER_UNIT: Readonly<Record<string, bigint>> = {
  year: 12n * 2_629_800_000_000n,
  // 30.4375 days.
  mon: 2_629_800_000_000n,
  day: 86_400_000_000n,
};

/** `1 year 2 mons -3 days +04:05:06.789`, as `intervalstyle=postgres` writes it; kept within 64 bits, as Java does. */
function intervalMicros(text: string): bigint {
  if (text.endsWith('infinity')) return text.startsWith('-') ? -(2n ** 63n) : 2n ** 63n - 1n;
  let micros = 0n;
  const words = text.split(' ');
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i] as string;
    if (word.includes(':')) {
      const sign = word.startsWith('-') ? -1n : 1n;
      const [hours = '0', minutes = '0', seconds = '0'] = word.replace(/^[-+]/, '').split(':');
      const [whole = '0', fraction = ''] = seconds.split('.');
      const total = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(whole);
      micros += sign * (total * 1_000_000n + BigInt(fraction.padEnd(6, '0')));
    } else {
      const unit = (words[i + 1] as string).replace(/s$/, '');
      micros += BigInt(word) * (MICROS_PER_UNIT[unit] as bigint);
    }
  }
  const max = 2n ** 63n - 1n;
  return micros > max ? max : micros < -max - 1n ? -max - 1n : micros;
}
