/**
 * A regular expression as Debezium takes it for names: it matches the whole name, whatever the case.
 *
 * A backslash before a character that has no meaning of its own stands for that character, as in Java.
 *
 * @throws SyntaxError when `source` is no regular expression.
 */
export function anchoredPattern(source: string): RegExp {
  // Alone, so that no parenthesis of the source closes the group around it.
  void new RegExp(javaScriptOf(source), 'iu');
  return new RegExp(`^(?:${javaScriptOf(source)})$`, 'iu');
}

/** Such escapes are mistakes under the flag `u`, which in turn keeps `\Q` and the like from meaning something else. */
function javaScriptOf(source: string): string {
  return source.replaceAll(/\\(.)/gsu, (escape: string, character: string) =>
    /[A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(character)
      ? escape
      : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
