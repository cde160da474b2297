/** The environment: name to value. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Fills `${NAME}` in; `$${` stands for `${` itself, and so does `${topic}`, which is part of a `table.name.format`.
 *
 * `missing` says what could not be filled in, as the end of a sentence about the key.
 */
export function substituteEnvironment(
  written: string,
  environment: Environment,
): {readonly text: string; readonly missing: readonly string[]} {
  const missing: string[] = [];
  const text = written.replaceAll(/\$\$\{|\$\{([^}]*)\}?/g, (found, name: string | undefined) => {
    if (name === undefined) return '${';
    if (found === '${topic}') return found;
    if (!/^[A-Za-z_]\w*$/.test(name) || !found.endsWith('}')) {
      missing.push(
        'has a `${` that is not followed by the name of a variable and `}`; write `$${` for the text itself',
      );
      return '';
    }
    // `process.env.constructor` is a function that nobody set.
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined || value === '')
      missing.push(
        `needs the environment variable ${name}, which is ${value === '' ? 'empty' : 'not set'}`,
      );
    return value ?? '';
  });
  return {text, missing};
}
