import {ServiceError} from '../../../common/errors.ts';
import type {ColumnType} from './column-type.ts';

const date = String.raw`\d{4,7}-\d\d-\d\d`;
const time = String.raw`\d\d:\d\d:\d\d(?:\.\d{1,6})?`;
const float = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]\d+)?|NaN|-?Infinity`;
/** Each part may be missing, but not all of them. */
const interval = intervalGrammar([
  String.raw`[-+]?\d+ years?`,
  String.raw`[-+]?\d+ mons?`,
  String.raw`[-+]?\d+ days?`,
  String.raw`[-+]?\d+:\d\d:\d\d(?:\.\d{1,6})?`,
]);
const integer = '-?(?:0|[1-9]\\d{0,18})';

interface Grammar {
  test(text: string): boolean;
}

/**
 * What Postgres writes, under the settings of `postgres/session-settings.ts`, for the types whose text is taken apart or
 * goes into JSON as it is (`type_output` functions in src/backend/utils/adt).
 */
const grammars = new Map<string, Grammar>(
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
    point: String.raw`\((?:${float}),(?:${float})\)`,
  }).map(([name, grammar]) => [name, new RegExp(`^(?:${grammar})$`, 's')] as const),
);

const isBits = onlyOf('01');
const isHex = onlyOf('0123456789abcdef');

// Values of any length, over which a regular expression may run out of stack. An hstore is checked where it is taken apart.
grammars.set('bit', {test: (text) => isBits(text, 0)});
grammars.set('varbit', {test: (text) => isBits(text, 0)});
grammars.set('bytea', {
  test: (text) => text.startsWith('\\x') && text.length % 2 === 0 && isHex(text, 2),
});

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

/** Whether a text has, from some place on, no other characters than those. */
function onlyOf(characters: string): (text: string, from: number) => boolean {
  const isIn = new Uint8Array(128);
  for (const character of characters) isIn[character.charCodeAt(0)] = 1;
  return (text, from) => {
    for (let at = from; at < text.length; at++) if (isIn[text.charCodeAt(at)] !== 1) return false;
    return true;
  };
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
