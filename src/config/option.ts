import {z} from 'zod';

/** What `docs/configuration.md` says about one key. */
export interface OptionMeta {
  readonly description: string;
  /** What may stand there, in words: `an integer from 1 to 65535`. */
  readonly expected: string;
  /** What holds when the key is left out, in Markdown. Absent on a required key. */
  readonly default?: string;
}

/** Goes with an issue whose message may be followed by the value that was found; secrets have none. */
export const showsValue = {showsValue: true} as const;

interface Spec<T> {
  readonly description: string;
  /** Absent on a key that has to be there. */
  readonly default?: T;
  readonly secret?: boolean;
}

/**
 * One key. Its value is text, from the file as from the environment: `parse` makes the value of it, or answers
 * undefined; then `refusal` says what is wrong with it.
 */
function option<T>(
  spec: Spec<T>,
  expected: string,
  parse: (found: string) => T | undefined,
  refusal: (found: string) => string | undefined = () => undefined,
): z.ZodType<T, string | undefined> {
  const {description, default: value} = spec;
  const checked = z
    .string({error: ({input}) => (input === undefined ? 'is required' : `expected ${expected}`)})
    .transform((found, context): T => {
      const parsed = parse(found);
      if (parsed !== undefined) return parsed;
      const message = found === '' ? `is empty; expected ${expected}` : refusal(found);
      context.addIssue({
        code: 'custom',
        message: message ?? `expected ${expected}`,
        ...(message === undefined && spec.secret !== true && {params: showsValue}),
      });
      return z.NEVER;
    });
  const meta: OptionMeta = {description, expected};
  if (value === undefined) return checked.meta({...meta});
  // Zod's type of a default is `T` without undefined, which no generic `T` is assignable to.
  return checked.default(value as never).meta({
    ...meta,
    default: `\`${String(value)}\``,
  });
}

/** The same key, where leaving it out is allowed and means what `otherwise` says, in Markdown. */
export function optional<T>(schema: z.ZodType<T, string | undefined>, otherwise: string) {
  return schema.optional().meta({...schema.meta(), default: otherwise});
}

/** Text that matches `pattern`; `expected` says in words what that is. */
export function text(spec: Spec<string>, expected = 'text', pattern = /./) {
  return option(spec, expected, (found) => (pattern.test(found) ? found : undefined));
}

/** An integer from `min` to `max`. */
export function integer(spec: Spec<number>, min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  return option(spec, `an integer${range}`, (found) => {
    const value = /^-?\d+$/.test(found) ? Number(found) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** `true` or `false`. */
export function flag(spec: Spec<boolean>) {
  return option(spec, '`true` or `false`', (found) =>
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
  return option(
    spec,
    expected,
    (found) => values.find((value) => value === found),
    (found) =>
      notYet.includes(found)
        ? `\`${found}\` is not supported yet; expected ${expected}`
        : undefined,
  );
}

/** Items separated by commas, or a YAML list of them; each matches `pattern`, which `expected` says in words. */
export function list(spec: Spec<readonly string[]>, expected: string, pattern: RegExp) {
  const items = option(spec, `${expected}, separated by commas`, (found) => {
    const parts = found.split(',').map((item) => item.trim());
    return parts.every((part) => pattern.test(part)) ? [...new Set(parts)] : undefined;
  });
  return z
    .preprocess((found) => (Array.isArray(found) ? found.join(',') : found), items)
    .meta({...items.meta()});
}
