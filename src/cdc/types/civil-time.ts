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
  return {days: days(year, month, day), end: at + 6};
}

/** Howard Hinnant's days_from_civil (http://howardhinnant.github.io/date_algorithms.html). */
function days(year: number, month: number, day: number): number {
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

/** Decimal text of the milliseconds (3 digits) or microseconds (6) since 1970, exact for every Postgres timestamp. */
export function epoch(day: number, micros: number, digits: 3 | 6): string {
  const seconds = day * 86_400 + Math.floor(micros / 1_000_000);
  // Two small whole numbers become text far faster than one large one.
  if (digits === 6 && seconds > 0 && seconds < 2 ** 31) {
    return String(seconds) + String(1_000_000 + (micros % 1_000_000)).slice(1);
  }
  const perDay = digits === 3 ? MILLIS_PER_DAY : MICROS_PER_DAY;
  const ofDay = digits === 3 ? micros / 1000 : micros;
  const whole = day * perDay;
  const sum = whole + ofDay;
  if (Number.isSafeInteger(whole) && Number.isSafeInteger(sum)) return String(sum);
  return (BigInt(day) * BigInt(perDay) + BigInt(ofDay)).toString();
}
