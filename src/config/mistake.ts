/** Names from the top of the file to a key: `['sources', 'customers', 'database.port']`. */
export type KeyPath = readonly string[];

/** One thing that is wrong with the configuration. Its message holds names, never a value: that may be a secret. */
export interface Mistake {
  /** Empty where the mistake is about no key. */
  readonly path: KeyPath;
  /** The end of a sentence that starts with the path: `is required`, or `: expected an integer`. */
  readonly message: string;
  readonly position: Position | undefined;
}

/** Where a value comes from: a place in the file (from 1), or an environment variable. */
export type Position = {readonly line: number; readonly column: number} | {readonly from: string};

/** A key path as people write it. */
export function pathText(path: KeyPath): string {
  return path.join('.');
}

/** The same where others read it. What does not look like a name may be a value that stands in the wrong place. */
function shownPath(path: KeyPath): string {
  return pathText(path.map((name) => (/^[\w.-]{1,100}$/.test(name) ? name : '…')));
}

/** One line for each mistake: where, which key, what is wrong. In the order of the file, then the environment's. */
export function mistakeLines(file: string | undefined, mistakes: readonly Mistake[]): string[] {
  const sorted = mistakes.toSorted((a, b) => compare(orderOf(a), orderOf(b)));
  return [...new Set(sorted.map((mistake) => mistakeLine(file, mistake)))];
}

function orderOf({position}: Mistake): readonly [number, number] {
  return position !== undefined && 'line' in position
    ? [position.line, position.column]
    : [Infinity, 0];
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] - b[1];
}

function mistakeLine(file: string | undefined, {path, message, position}: Mistake): string {
  const space = path.length === 0 || message.startsWith(':') ? '' : ' ';
  const sentence = `${shownPath(path)}${space}${message}`;
  if (position !== undefined && 'from' in position) return `${position.from}: ${sentence}`;
  if (file === undefined) return sentence;
  const place = position === undefined ? '' : `:${position.line}:${position.column}`;
  return `${file}${place}: ${sentence}`;
}
