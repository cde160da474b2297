/** Names from the top of the file to a key: `['sources', 'customers', 'database.port']`. */
export type KeyPath = readonly string[];

/** One thing that is wrong with the configuration. */
export interface Mistake {
  readonly path: KeyPath;
  readonly message: string;
  /** Where it stands, when not where the path's value does. */
  readonly position?: Position;
}

/** Where a value comes from: a place in the file (from 1), or an environment variable. */
export type Position = {readonly line: number; readonly column: number} | {readonly from: string};

/** A key path as one string, for maps and for people. */
export function pathText(path: KeyPath): string {
  return path.join('.');
}

/** One line for each mistake, in the order of the file: where, which key, what is wrong. */
export function mistakeLines(file: string | undefined, mistakes: readonly Mistake[]): string[] {
  const order = (mistake: Mistake): number =>
    mistake.position !== undefined && 'line' in mistake.position
      ? mistake.position.line * 1e6 + mistake.position.column
      : Infinity;
  const sorted = mistakes.toSorted((a, b) =>
    order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0,
  );
  return [...new Set(sorted.map((mistake) => mistakeLine(file, mistake)))];
}

function mistakeLine(file: string | undefined, {path, message, position}: Mistake): string {
  const parts = [
    path.length === 0
      ? message
      : `${pathText(path)}${message.startsWith(':') ? '' : ' '}${message}`,
  ];
  if (position !== undefined && 'from' in position) parts.unshift(position.from);
  else if (file !== undefined)
    parts.unshift(position === undefined ? file : `${file}:${position.line}:${position.column}`);
  return parts.join(': ');
}
