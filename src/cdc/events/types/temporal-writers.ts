import {civilDays} from './civil-time.ts';
import type {EpochUnit} from './civil-time.ts';
import type {JsonWriter} from './json-writer.ts';
import {digitsEnd} from './number-writers.ts';

const DASH = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const PLUS = 0x2b;
const SPACE = 0x20;
const ZERO = 0x30;
const QUOTE = 0x22;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

/** `2024-01-01`: of a year with four digits. */
const DATE_BYTES = 10;
/** `21:34:05`. */
const TIME_BYTES = 8;
const MICRO_DIGITS = 6;

/** Days since 1970. */
export const writeDays: JsonWriter = (out, bytes, start, end) => {
  const days = end - start === DATE_BYTES ? daysAt(bytes, start) : NaN;
  if (Number.isNaN(days)) return false;
  out.text(String(days));
  return true;
};

/** Microseconds of the day. */
export const writeMicrosOfDay: JsonWriter = (out, bytes, start, end) => {
  const seconds = secondsAt(bytes, start, end);
  if (Number.isNaN(seconds) || fractionEnd(bytes, start + TIME_BYTES, end) !== end) return false;
  const micros = seconds * 1_000_000 + microsAt(bytes, start + TIME_BYTES, end);
  out.text(String(micros));
  return true;
};

/** A timestamp in that unit since 1970, of one from then up to 2038. */
export function epochWriter(unit: EpochUnit): JsonWriter {
  return (out, bytes, start, end) => {
    const clock = start + DATE_BYTES + 1;
    const fraction = clock + TIME_BYTES;
    if (end < fraction || bytes[clock - 1] !== SPACE) return false;
    if (fractionEnd(bytes, fraction, end) !== end) return false;
    const seconds = daysAt(bytes, start) * 86_400 + secondsAt(bytes, clock, end);
    // Digits before the fraction are the whole of it, and small numbers.
    if (!(seconds > 0 && seconds < 2 ** 31)) return false;
    out.text(String(seconds));
    out.reserve(unit);
    const {buffer, at} = out;
    for (let i = 0; i < unit; i++) {
      const digit = fraction + 1 + i;
      buffer[at + i] = digit < end ? (bytes[digit] as number) : ZERO;
    }
    out.at = at + unit;
    return true;
  };
}

/** `2024-01-01 21:34:05.12+00` → `"2024-01-01T21:34:05.120000Z"`, with as many fraction digits as the column has. */
export function zonedTimestampWriter(digits: number): JsonWriter {
  return (out, bytes, start, end) => {
    const clock = start + DATE_BYTES + 1;
    const fraction = clock + TIME_BYTES;
    const zone = end - 3;
    if (zone < fraction || bytes[clock - 1] !== SPACE) return false;
    if (fractionEnd(bytes, fraction, zone) !== zone) return false;
    if (bytes[zone] !== PLUS || bytes[zone + 1] !== ZERO || bytes[zone + 2] !== ZERO) return false;
    if (Number.isNaN(daysAt(bytes, start)) || Number.isNaN(secondsAt(bytes, clock, zone)))
      return false;
    out.reserve(end - start + digits + 3);
    const {buffer} = out;
    let {at} = out;
    buffer[at++] = QUOTE;
    for (let i = start; i < fraction; i++) buffer[at++] = bytes[i] as number;
    buffer[at - TIME_BYTES - 1] = LETTER_T;
    if (digits > 0) {
      buffer[at++] = POINT;
      const from = fraction + 1;
      for (let i = from; i < zone; i++) buffer[at++] = bytes[i] as number;
      for (let i = Math.max(from, zone); i < from + digits; i++) buffer[at++] = ZERO;
    }
    buffer[at++] = LETTER_Z;
    buffer[at++] = QUOTE;
    out.at = at;
    return true;
  };
}

/** Days since 1970 to `YYYY-MM-DD` at `at`; NaN where something else stands there. */
function daysAt(bytes: Uint8Array, at: number): number {
  if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return NaN;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  return civilDays(year, twoDigits(bytes, at + 5), twoDigits(bytes, at + 8));
}

/** Seconds of the day in `HH:MM:SS` at `at`; NaN where something else stands there. */
function secondsAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + TIME_BYTES > end || bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return NaN;
  return (twoDigits(bytes, at) * 60 + twoDigits(bytes, at + 3)) * 60 + twoDigits(bytes, at + 6);
}

/** Where the fraction of a second ends that may begin at `at`, with up to six digits. */
function fractionEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== POINT) return at;
  const last = digitsEnd(bytes, at + 1, Math.min(end, at + 1 + MICRO_DIGITS));
  return last === at + 1 ? at : last;
}

function microsAt(bytes: Uint8Array, at: number, end: number): number {
  let micros = 0;
  for (let i = 1; i <= MICRO_DIGITS; i++) {
    micros = micros * 10 + (at + i < end ? (bytes[at + i] as number) - ZERO : 0);
  }
  return micros;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - ZERO, (bytes[at + 1] as number) - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
