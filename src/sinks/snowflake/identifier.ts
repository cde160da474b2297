/** Makes a name of the topic's an identifier of the warehouse. */
export type Identifier = (name: string) => string;

/**
 * A quoted identifier in upper case, which is what an unquoted one means, so that `select order_id` finds it.
 *
 * Quoted, because reserved words, blanks and quotes are names like others. Only ASCII folds, as in unquoted identifiers.
 */
export const upperCase: Identifier = (name) =>
  quoted(name.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase()));

/** The name as it stands; queries have to quote it. */
export const preservedCase: Identifier = quoted;

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The name that a quoted identifier stands for. */
export function nameOf(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
}

/** A quoted string, in which Snowflake reads backslashes as escapes. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
