/**
 * Days from 1970-01-01 to the date at the start of `text`, in the proleptic Gregorian calendar, and where the date ends.
 *
 * The date is Postgres' ISO form: a year of four or more digits, and ` BC` at the end of the text for years before 1.
 */
export function daysFromCivil(text: string): {days: number; end: number} {
  let at = 0;
  let year = 0;
  for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(++at)) {
    year = year * 10 + code - 48;
  }
  const month = twoDigits(text, at + 1);
  const day = twoDigits(text, at + 4);
  if (text.endsWith('BC')) year = 1 - year;
  return {days: civilDays(year, month, day), end: at + 6};
}

/** Howard Hinnant's days_from_civil (http://howardhinnant.github.io/date_algorithms.html). */
export function civilDays(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Microseconds of the day for `HH:MM:SS[.ffffff]` at `start`, and where the time ends. */
export function timeOfDay(text: string, start: number): {micros: number; end: number} {
  const seconds =
    (twoDigits(text, start) * 60 + twoDigits(text, start + 3)) * 60 + twoDigits(text, start + 6);
  let end = start + 8;
  let fraction = 0;
  if (text.charCodeAt(end) === 46) {
    let unit = 100_000;
    for (
      let code = text.charCodeAt(++end);
      code >= 48 && code <= 57;
      code = text.charCodeAt(++end)
    ) {
      fraction += (code - 48) * unit;
      unit /= 10;
    }
  }
  return {micros: seconds * 1_000_000 + fraction, end};
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

const MICROS_PER_DAY = 86_400_000_000;
const MILLIS_PER_DAY = 86_400_000;

/** Fraction digits of a second: milliseconds, microseconds or nanoseconds. */
export type EpochUnit = 3 | 6 | 9;

/** Decimal text of the time since 1970 in that unit, exact for every Postgres timestamp; a part of a unit is cut off downwards. */
export function epoch(day: number, micros: number, unit: EpochUnit): string {
  if (unit === 9) return String((BigInt(day) * BigInt(MICROS_PER_DAY) + BigInt(micros)) * 1000n);
  const perDay = unit === 3 ? MILLIS_PER_DAY : MICROS_PER_DAY;
  const ofDay = unit === 3 ? Math.floor(micros / 1000) : micros;
  const whole = day * perDay;
  const sum = whole + ofDay;
  if (Number.isSafeInteger(whole) && Number.isSafeInteger(sum)) return String(sum);
  return (BigInt(day) * BigInt(perDay) + BigInt(ofDay)).toString();
}

/** Where the date at the start of `text` ends. */
export function dateEnd(text: string): number {
  const space = text.indexOf(' ');
  return space < 0 ? text.length : space;
}

/** Postgres' date in ISO 8601: the expanded form for a year that has more than four digits or lies before year 1. */
export function isoDate(day: string, beforeChrist: boolean): string {
  if (day.length === 10 && !beforeChrist) return day;
  const dash = day.indexOf('-');
  const year = Number(day.slice(0, dash));
  // 1 BC is year 0.
  const iso = beforeChrist ? 1 - year : year;
  const sign = iso < 0 ? '-' : iso > 9999 ? '+' : '';
  return sign + String(Math.abs(iso)).padStart(4, '0') + day.slice(dash);
}
