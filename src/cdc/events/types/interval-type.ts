import {bigint, varchar} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';
import type {TypeHandling} from './type-handling.ts';

/** Microseconds, a month being 30.4375 days and a day 24 hours; or ISO 8601 with every part by itself. */
export function intervalType(mode: TypeHandling['interval']): ColumnType {
  if (mode === 'numeric')
    return {
      schema: {...bigint(), name: 'io.debezium.time.MicroDuration', version: 1},
      toJson: (text) => intervalMicros(text).toString(),
      zero: '0',
      unavailable: 'null',
    };
  return {
    schema: {...varchar(), name: 'io.debezium.time.Interval', version: 1},
    toJson: (text) => '"' + isoInterval(text) + '"',
    zero: '"P0Y0M0DT0H0M0S"',
    unavailable: 'null',
  };
}

/** The parts of `1 year 2 mons -3 days +04:05:06.789`, as `intervalstyle=postgres` writes it, each with its sign. */
interface IntervalParts {
  years: bigint;
  months: bigint;
  days: bigint;
  isNegativeTime: boolean;
  hours: string;
  minutes: string;
  seconds: string;
}

function parts(text: string): IntervalParts {
  const result: IntervalParts = {
    years: 0n,
    months: 0n,
    days: 0n,
    isNegativeTime: false,
    hours: '0',
    minutes: '0',
    seconds: '0',
  };
  const words = text.split(' ');
  for (let i = 0; i < words.length; i += 2) {
    const word = words[i] as string;
    const unit = words[i + 1];
    if (unit === undefined) {
      result.isNegativeTime = word.startsWith('-');
      const [hours = '0', minutes = '0', seconds = '0'] = word.replace(/^[-+]/, '').split(':');
      Object.assign(result, {hours, minutes, seconds});
    } else if (unit.startsWith('year')) {
      result.years = BigInt(word);
    } else if (unit.startsWith('mon')) {
      result.months = BigInt(word);
    } else {
      result.days = BigInt(word);
    }
  }
  return result;
}

/** 30.4375 days. */
const MICROS_PER_MONTH = 2_629_800_000_000n;
const MICROS_PER_DAY = 86_400_000_000n;
const INT64_MAX = 2n ** 63n - 1n;

/** Kept within 64 bits, as Java does. */
function intervalMicros(text: string): bigint {
  if (text.endsWith('infinity')) return text.startsWith('-') ? -INT64_MAX - 1n : INT64_MAX;
  const {years, months, days, isNegativeTime, hours, minutes, seconds} = parts(text);
  const [whole = '0', fraction = ''] = seconds.split('.');
  const wholeSeconds = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(whole);
  const time = wholeSeconds * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  const micros =
    (years * 12n + months) * MICROS_PER_MONTH +
    days * MICROS_PER_DAY +
    (isNegativeTime ? -time : time);
  return micros > INT64_MAX ? INT64_MAX : micros < -INT64_MAX - 1n ? -INT64_MAX - 1n : micros;
}

/** `P1Y2M-3DT4H5M6.789S`; infinity stays Postgres' text. */
function isoInterval(text: string): string {
  if (text.endsWith('infinity')) return text;
  const {years, months, days, isNegativeTime, hours, minutes, seconds} = parts(text);
  const time = [hours, minutes, seconds].map((part) => {
    const digits = part.replace(/^0+(?=\d)/, '');
    return isNegativeTime && /[1-9]/.test(digits) ? `-${digits}` : digits;
  });
  return `P${years}Y${months}M${days}DT${time[0]}H${time[1]}M${time[2]}S`;
}
