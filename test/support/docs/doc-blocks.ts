import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** What stands between two fences of a page. */
export interface DocBlock {
  readonly page: string;
  /** Of its first fence, from 1. */
  readonly line: number;
  /** `text`: a picture, or what a command prints. Anything unknown is as its fence names it. */
  readonly kind: string;
  /** The pipeline stands still while it runs: its fence says `stopped`. */
  readonly stopped: boolean;
  readonly text: string;
}

const fence = /^```(\w*) ?(.*)\n([^]*?)^```$/gm;
const programs =
  /^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npm|npx|node|millrace|curl|docker|kubectl|kafka-[\w-]+|rm|cp)(?:\.sh)? /m;

/** README.md, and all of `docs`. */
export function docPages(): readonly string[] {
  const docs = readdirSync('docs').filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => join('docs', name))];
}

export function docBlocks(page: string): readonly DocBlock[] {
  const markdown = readFileSync(page, 'utf8');
  return [...markdown.matchAll(fence)].map(({index, 1: name = '', 2: info, 3: text = ''}) => ({
    page,
    line: markdown.slice(0, index).split('\n').length,
    kind: kindOf(name, text),
    stopped: info === 'stopped',
    text,
  }));
}

/** A fence need not say that commands stand in it, as long as they begin it. */
function kindOf(name: string, text: string): string {
  if (name !== '') return name;
  const [first = ''] = text.split('\n', 1);
  return programs.test(`${first} `) ? 'sh' : 'text';
}

/** One command a line; what ends with a backslash goes on. */
export function commandsOf({text}: DocBlock): readonly string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Statements end with a semicolon at the end of a line. */
export function statementsOf({text}: DocBlock): readonly string[] {
  return text
    .split(/;\s*(?:--.*)?$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** Whether a line of it begins with a command, which nobody would run; what another prints is indented. */
export function looksLikeCommand(text: string): boolean {
  return programs.test(text);
}
