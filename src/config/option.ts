import {z} from 'zod';
import {anchoredPattern} from '../common/anchored-pattern.ts';
import {
  choiceValue,
  flagValue,
  integerValue,
  listValue,
  mappingValue,
  textValue,
} from './editor-schema.ts';
import type {EditorSchema} from './editor-schema.ts';

/** What is known about one key besides how to read it: for `docs/configuration.md`, for editors, and for who logs. */
export interface OptionMeta {
  readonly description: string;
  /** What may stand there, in words: `an integer from 1 to 65535`. */
  readonly expected: string;
  /** What holds when the key is left out, in Markdown. Absent on a required key. */
  readonly default?: string;
  /** Values that exist elsewhere in the field and are refused by name. */
  readonly notYet?: readonly string[];
  readonly editor: EditorSchema;
  /** What the key is by default, where that is a value. */
  readonly editorDefault?: unknown;
  /** What of its value no output may hold. Absent on a key that is no secret. */
  readonly secretsIn?: (value: never) => readonly string[];
}

interface Spec<T> {
  readonly description: string;
  /** Absent on a key that has to be there. */
  readonly default?: T;
}

/**
 * One key. Its value is text, from the file as from the environment: `parse` makes the value of it, or answers
 * undefined. What is said about a wrong one never quotes it.
 */
function option<T>(
  spec: Spec<T>,
  expected: string,
  editor: EditorSchema,
  parse: (found: string) => T | undefined,
  notYet: readonly string[] = [],
): z.ZodType<T, string | undefined> {
  const {description, default: value} = spec;
  const checked = z
    .string({error: ({input}) => (input === undefined ? 'is required' : `: expected ${expected}`)})
    .transform((found, context): T => {
      const parsed = parse(found);
      if (parsed !== undefined) return parsed;
      const unsupported = notYet.includes(found);
      context.addIssue({
        code: 'custom',
        message: unsupported
          ? `: \`${found}\` is not supported yet; expected ${expected}`
          : `${found === '' ? 'is empty; ' : ': '}expected ${expected}`,
        params: {unsupported},
      });
      return z.NEVER;
    });
  const meta: OptionMeta = {description, expected, editor, ...(notYet.length > 0 && {notYet})};
  if (value === undefined) return checked.meta({...meta});
  // Zod's type of a default is `T` without undefined, which no generic `T` is assignable to.
  return checked.default(value as never).meta({
    ...meta,
    default: `\`${String(value)}\``,
    editorDefault: Array.isArray(value) ? value.join(',') : value,
  });
}

/** The same key, where leaving it out is allowed and means what `otherwise` says, in Markdown. */
export function optional<T>(schema: z.ZodType<T>, otherwise: string) {
  return schema.optional().meta({...schema.meta(), default: otherwise});
}

/** The same key, whose value is a secret, or holds those that `secretsIn` finds in it. */
export function secret<S extends z.ZodType>(
  schema: S,
  secretsIn: (value: z.output<S>) => readonly string[] = (value) => [String(value)],
): S {
  return schema.meta({...schema.meta(), secretsIn});
}

/** Text that matches `pattern`; `expected` says in words what that is. */
export function text(spec: Spec<string>, expected = 'text', pattern?: RegExp) {
  return option(spec, expected, textValue(pattern), (found) =>
    (pattern ?? /./).test(found) ? found : undefined,
  );
}

/** An integer from `min` to `max`. */
export function integer(spec: Spec<number>, min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  return option(spec, `an integer${range}`, integerValue(min, max), (found) => {
    const value = /^-?\d+$/.test(found) ? Number(found) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** `true` or `false`. */
export function flag(spec: Spec<boolean>) {
  return option(spec, '`true` or `false`', flagValue, (found) =>
    found === 'true' ? true : found === 'false' ? false : undefined,
  );
}

/** One of `values`. Those of `notYet` exist elsewhere in the field but not here, and are refused by name. */
export function oneOf<const V extends string>(
  spec: Spec<V>,
  values: readonly V[],
  notYet: readonly string[] = [],
) {
  const names = values.map((value) => `\`${value}\``).join(', ');
  const expected = values.length === 1 ? names : `one of ${names}`;
  const find = (found: string): V | undefined => values.find((value) => value === found);
  return option(spec, expected, choiceValue(values), find, notYet);
}

/** Items separated by commas, or a YAML list of them; each matches `pattern`, which `expected` says in words. */
export function list(spec: Spec<readonly string[]>, expected: string, pattern: RegExp) {
  const items = option(spec, `${expected}, separated by commas`, listValue(pattern), (found) => {
    const parts = found.split(',').map((item) => item.trim());
    return parts.every((part) => pattern.test(part)) ? [...new Set(parts)] : undefined;
  });
  return joined(items);
}

/** Regular expressions separated by commas, or a YAML list of them. */
export function patterns(spec: Spec<readonly string[]>, names: string) {
  return listOf(spec, `regular expressions for ${names}`, (item) =>
    isPattern(item) ? item : undefined,
  );
}

/**
 * Items separated by commas, or a YAML list of them; a comma within one is written `\,`. `parse` makes a value of an item,
 * or answers undefined; `expected` says in words what they are.
 */
export function listOf<T>(
  spec: Spec<readonly T[]>,
  expected: string,
  parse: (item: string) => T | undefined,
) {
  return joined(
    option(spec, `${expected}, separated by commas`, listValue(), (found) => {
      const items = found
        .split(/(?<!\\),/)
        .map((item) => parse(item.trim().replaceAll('\\,', ',')));
      return items.every((item) => item !== undefined) ? [...new Set(items)] : undefined;
    }),
  );
}

/** `<tables>:<column>,…;…`: regular expressions for `schema.table`, and the columns of each. */
export function keyColumns(spec: Spec<string>) {
  return option(spec, '`schema.table:column,…`, separated by semicolons', textValue(), (found) =>
    found.split(';').every(isKeyColumns) ? found : undefined,
  );
}

function isKeyColumns(entry: string): boolean {
  const [, tables = '', columns = ''] = /^\s*([^:]+):([^:,]+(?:,[^:,]+)*)\s*$/.exec(entry) ?? [];
  return (
    tables !== '' && columns.split(',').every((column) => isPattern(`${tables}.${column.trim()}`))
  );
}

/** Whether it is a regular expression for whole names. */
export function isPattern(source: string): boolean {
  try {
    anchoredPattern(source);
    return source !== '';
  } catch {
    return false;
  }
}

/** SQL by the table that it is for: a YAML mapping, or the same as JSON. */
export function statements(spec: Spec<Readonly<Record<string, string>>>) {
  const expected = 'tables as `schema.table`, each with a `SELECT`';
  const byTable = option(spec, expected, mappingValue, (found) => {
    const statement = /^\s*(select|with|table)\b[^;]*;?\s*$/i;
    const entries = entriesOf(found);
    return entries.length > 0 &&
      entries.every(([table, sql]) => /^[^.]+\../.test(table) && statement.test(String(sql)))
      ? Object.fromEntries(entries.map(([table, sql]) => [table, String(sql).replace(/;\s*$/, '')]))
      : undefined;
  });
  return z
    .preprocess((found) => (isMapping(found) ? JSON.stringify(found) : found), byTable)
    .meta({...byTable.meta()});
}

function entriesOf(json: string): readonly (readonly [string, unknown])[] {
  try {
    const parsed: unknown = JSON.parse(json);
    return isMapping(parsed) ? Object.entries(parsed) : [];
  } catch {
    return [];
  }
}

function isMapping(found: unknown): found is Readonly<Record<string, unknown>> {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}

/** Takes a YAML list of texts for the same texts with commas between. */
function joined<T>(items: z.ZodType<T, string | undefined>) {
  return z
    .preprocess((found) => (isTexts(found) ? found.join(',') : found), items)
    .meta({...items.meta()});
}

function isTexts(found: unknown): found is readonly string[] {
  return Array.isArray(found) && found.every((item) => typeof item === 'string');
}
