import {ServiceError} from '../../../common/errors.ts';
import type {ColumnType} from './column-type.ts';

const date = String.raw`\d{4,7}-\d\d-\d\d`;
const time = String.raw`\d\d:\d\d:\d\d(?:\.\d{1,6})?`;
const float = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]\d+)?|NaN|-?Infinity`;
/** Unrolled, so that a long one takes no stack. */
const quoted = String.raw`"[^"\\]*(?:\\.[^"\\]*)*"`;
/** Each part may be missing, but not all of them. */
const interval = intervalGrammar([
  String.raw`[-+]?\d+ years?`,
  String.raw`[-+]?\d+ mons?`,
  String.raw`[-+]?\d+ days?`,
  String.raw`[-+]?\d+:\d\d:\d\d(?:\.\d{1,6})?`,
]);
const integer = '-?(?:0|[1-9]\\d{0,18})';

/**
 * What Postgres writes, under the settings of `postgres/session-settings.ts`, for the types whose text is taken apart or
 * goes into JSON as it is (`type_output` functions in src/backend/utils/adt).
 */
const grammars = new Map(
  Object.entries({
    bool: '[tf]',
    int2: integer,
    int4: integer,
    int8: integer,
    oid: '0|[1-9]\\d{0,9}',
    float4: float,
    float8: float,
    numeric: String.raw`-?\d+(?:\.\d+)?|NaN|-?Infinity`,
    date: `${date}(?: BC)?|-?infinity`,
    time,
    timetz: String.raw`${time}[-+]\d\d(?::\d\d){0,2}`,
    timestamp: `${date} ${time}(?: BC)?|-?infinity`,
    timestamptz: String.raw`${date} ${time}\+00(?: BC)?|-?infinity`,
    interval: `${interval}|-?infinity`,
    money: String.raw`-?\$[\d,]+\.\d\d`,
    bytea: String.raw`\\x(?:[0-9a-f]{2})*`,
    point: String.raw`\((?:${float}),(?:${float})\)`,
    bit: '[01]*',
    varbit: '[01]*',
    hstore: String.raw`(?:${quoted}=>(?:NULL|${quoted})(?:, |$))*`,
  }).map(([name, grammar]) => [name, new RegExp(`^(?:${grammar})$`, 's')] as const),
);

/**
 * `type` for the texts that Postgres writes of `typeName`, and for no others: what came otherwise would become another
 * value, or no JSON.
 *
 * Its `toJson` throws ServiceError `CDC_PROTOCOL`.
 */
export function checked(typeName: string, type: ColumnType): ColumnType {
  const grammar = grammars.get(typeName);
  if (grammar === undefined) return type;
  const {toJson} = type;
  return {
    ...type,
    toJson: (text) => {
      if (!grammar.test(text)) throw malformed(typeName);
      return toJson(text);
    },
  };
}

/** Without the value, which may be nobody's business. */
export function malformed(typeName: string): ServiceError {
  return new ServiceError(
    'CDC_PROTOCOL',
    `a value of type ${typeName} is not as Postgres writes it under the settings of the session`,
  );
}

/** The parts in their order, with a space between those that are there. */
function intervalGrammar(parts: readonly string[]): string {
  return parts
    .map(
      (part, index) =>
        part +
        parts
          .slice(index + 1)
          .map((next) => `(?: ${next})?`)
          .join(''),
    )
    .join('|');
}
