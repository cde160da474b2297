import type {Config} from '../../src/config/config.ts';

/** What one key takes and what it refuses. */
export interface KeyCase {
  readonly read: (config: Config) => unknown;
  /** Text in the file, and what it means. */
  readonly good: readonly (readonly [string, unknown])[];
  /** What it means when the key is left out; undefined for a required key. */
  readonly otherwise?: unknown;
  /** Texts that are refused with `: expected <expected>`. */
  readonly bad: readonly string[];
  readonly expected: string;
  /** Texts that are refused as not supported yet. */
  readonly notYet?: readonly string[];
}

export const names = {
  good: [
    ['a', 'a'],
    ['My.app_1-x', 'My.app_1-x'],
    ['0123', '0123'],
  ],
  bad: ['a b', 'a/b', 'ä', 'a'.repeat(201)],
  expected: 'letters, digits, `.`, `_` and `-`',
} as const;

export function choice(values: readonly string[]): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  const quoted = values.map((value) => `\`${value}\``).join(', ');
  return {
    good: values.map((value) => [value, value]),
    expected: values.length === 1 ? quoted : `one of ${quoted}`,
    bad: ['other', String(values[0]).toUpperCase() + '_', '1'],
  };
}

export function range(min: number, max: number): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  return {
    good: [
      [String(min), min],
      [String(max), max],
    ],
    expected: `an integer from ${min} to ${max}`,
    bad: [String(min - 1), String(max + 1), '1.5', '1e3', '1_000', '0x10', 'ten', '+5', '"1 0"'],
  };
}

export function anyText(expected: string): Pick<KeyCase, 'good' | 'expected' | 'bad'> {
  return {
    good: [
      ['some text', 'some text'],
      ['0123', '0123'],
      ['true', 'true'],
      ['"a: b # c"', 'a: b # c'],
      ["'null'", 'null'],
      ['"a\\tb"', 'a\tb'],
    ],
    expected,
    bad: ['[a, b]', '{a: b}'],
  };
}

export function patterns(of: string): Pick<KeyCase, 'good' | 'otherwise' | 'expected' | 'bad'> {
  return {
    good: [
      ['public.orders', ['public.orders']],
      ['a.b , a.c,a.b', ['a.b', 'a.c']],
      ['[a.b, a.c]', ['a.b', 'a.c']],
      ['public\\..*, (shop|stock).t_[0-9]{1\\,3}', ['public\\..*', '(shop|stock).t_[0-9]{1,3}']],
      [`'my schema."Öl", my\\-schema.t'`, ['my schema."Öl"', 'my\\-schema.t']],
    ],
    otherwise: undefined,
    bad: ['a.(b', 'a.b,', '"*"', 'a.\\Qb\\E', '[a.b, ""]', '[a.b, {c: d}]', '[[a.b]]'],
    expected: `regular expressions for ${of}, separated by commas`,
  };
}

export const flags = {
  good: [
    ['true', true],
    ['false', false],
  ],
  expected: '`true` or `false`',
  bad: ['yes', 'True', '0'],
} as const;

export const aFile = {
  ...anyText('a path'),
  good: [['/etc/millrace/file.pem', '/etc/millrace/file.pem']],
  otherwise: undefined,
} as const;
