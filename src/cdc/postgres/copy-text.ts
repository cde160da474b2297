/**
 * The values of one row of `COPY … TO STDOUT` in text format, without its line end.
 *
 * Tabs inside of values are escaped, so each tab separates; most rows have nothing to unescape.
 */
export function parseCopyRow(line: string): (string | null)[] {
  const values: (string | null)[] = line.split('\t');
  if (!line.includes('\\')) return values;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as string;
    if (value.includes('\\')) values[i] = value === '\\N' ? null : unescape(value);
  }
  return values;
}

/** What a letter after a backslash stands for; any other character stands for itself. */
const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function unescape(value: string): string {
  let text = '';
  let from = 0;
  for (let at = value.indexOf('\\'); at >= 0; at = value.indexOf('\\', from)) {
    const letter = value.charAt(at + 1);
    text += value.slice(from, at) + (escapes[letter] ?? letter);
    from = at + 2;
  }
  return text + value.slice(from);
}
