import type {z} from 'zod';
import {flag, integer, oneOf, text} from './option.ts';

/** How values are shown in change events, under Debezium's names and with its values. */
export const typeHandlingKeys = {
  'decimal.handling.mode': oneOf(
    {
      description:
        '`numeric` and `money` as Connect Decimals (`precise`), as text (`string`) or as float64 (`double`). Only the latter two have a form for NaN and infinity; `precise` has null and a warning.',
      default: 'precise',
    },
    ['precise', 'string', 'double'],
  ),
  'time.precision.mode': oneOf(
    {
      description:
        "`date`, `time` and `timestamp` as numbers by the digits of the column (`adaptive`, `adaptive_time_microseconds`), as Connect's own types in milliseconds (`connect`), in `microseconds` or `nanoseconds`, or as ISO 8601 text (`isostring`).",
      default: 'adaptive',
    },
    [
      'adaptive',
      'adaptive_time_microseconds',
      'connect',
      'isostring',
      'microseconds',
      'nanoseconds',
    ],
  ),
  'interval.handling.mode': oneOf(
    {
      description:
        '`interval` in microseconds, a month being 30.4375 days (`numeric`), or as ISO 8601 text (`string`).',
      default: 'numeric',
    },
    ['numeric', 'string'],
  ),
  'binary.handling.mode': oneOf(
    {
      description: '`bytea` as bytes, or as text in base64 or hexadecimal digits.',
      default: 'bytes',
    },
    ['bytes', 'base64', 'base64-url-safe', 'hex'],
  ),
  'hstore.handling.mode': oneOf(
    {description: '`hstore` as JSON in a string, or as a map.', default: 'json'},
    ['json', 'map'],
  ),
  'money.fraction.digits': integer(
    {description: 'Scale of `money` as a Decimal.', default: 2},
    0,
    38,
  ),
  'include.unknown.datatypes': flag({
    description:
      'Whether columns of types that change events have no form for come as the bytes of their text; otherwise they are left out, with a warning.',
    default: false,
  }),
  'unavailable.value.placeholder': text(
    {
      description:
        'Stands for a value that was stored out of line and that an update neither changed nor sent.',
      default: '__debezium_unavailable_value',
    },
    'text',
  ),
};

type Keys = {
  readonly [K in keyof typeof typeHandlingKeys]: z.output<(typeof typeHandlingKeys)[K]>;
};

/** What the checked keys mean. */
export interface TypeHandlingConfig {
  readonly decimal: Keys['decimal.handling.mode'];
  readonly time: Keys['time.precision.mode'];
  readonly interval: Keys['interval.handling.mode'];
  readonly binary: Keys['binary.handling.mode'];
  readonly hstore: Keys['hstore.handling.mode'];
  readonly moneyFractionDigits: number;
  readonly includeUnknown: boolean;
  readonly unavailableValue: string;
}

export function typeHandlingConfig(keys: Keys): TypeHandlingConfig {
  return {
    decimal: keys['decimal.handling.mode'],
    time: keys['time.precision.mode'],
    interval: keys['interval.handling.mode'],
    binary: keys['binary.handling.mode'],
    hstore: keys['hstore.handling.mode'],
    moneyFractionDigits: keys['money.fraction.digits'],
    includeUnknown: keys['include.unknown.datatypes'],
    unavailableValue: keys['unavailable.value.placeholder'],
  };
}
