import {isCollection, isScalar, visit} from 'yaml';
import type {Document, YAMLError} from 'yaml';

const UNCLOSED =
  'a colon, a comma, a closing quote or a closing bracket is missing; `${NAME}` between brackets needs quotes';

const explanations: Partial<Record<YAMLError['code'], string>> = {
  BAD_DQ_ESCAPE:
    'a backslash between double quotes starts an escape; use single quotes, or write `\\\\`',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  BAD_SCALAR_START: 'text that starts with `@`, `%` or a backtick needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'text with `: ` in it needs quotes; a key needs a line of its own',
  MISSING_CHAR: UNCLOSED,
  MULTILINE_IMPLICIT_KEY: 'a colon and a space are missing, or quotes around text of several lines',
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
  TAB_AS_INDENT: 'tabs do not indent YAML; use spaces',
  UNEXPECTED_TOKEN: 'this does not belong here; text with special characters needs quotes',
};

/** What is wrong, for people. Never the parser's own message: it may quote what stands there. */
export function explainYamlError({code}: YAMLError): string {
  return (
    explanations[code] ??
    `this is not valid YAML (${code}); text with special characters needs quotes`
  );
}

/** Whether the text around the error can be read all the same. */
export function isAboutOneValue({code}: YAMLError): boolean {
  return code === 'BAD_DQ_ESCAPE' || code === 'BAD_SCALAR_START';
}

/** What keeps a text from being told apart into keys and values, without what only follows from an error before it. */
export function structuralErrors(
  {errors, contents}: Document.Parsed,
  source: string,
): readonly {readonly message: string; readonly offset: number}[] {
  const found: {message: string; offset: number}[] = [];
  for (const error of errors) {
    if (isAboutOneValue(error)) continue;
    const {code, pos} = error;
    const offset = pos[0] + (/^[ \r\n]*/.exec(source.slice(pos[0]))?.[0].length ?? 0);
    const message = explainYamlError(error);
    // The parser notices at the end of the text what was never closed.
    if (
      (code === 'MISSING_CHAR' || code === 'BAD_INDENT') &&
      source.slice(pos[0] + 1).trim() === ''
    )
      return [...found, {message: UNCLOSED, offset: lastOpened(contents, pos[0])}];
    if (offset !== found.at(-1)?.offset) found.push({message, offset});
    // After something misplaced, nothing is where it belongs.
    if (code === 'MISSING_CHAR' || code === 'UNEXPECTED_TOKEN') break;
  }
  return found;
}

/** Where the quotes or brackets start that reach up to `end`. */
function lastOpened(contents: Document['contents'], end: number): number {
  let start = end;
  visit(contents, (_key, node) => {
    const opens =
      (isScalar(node) && node.type?.startsWith('QUOTE') === true) ||
      (isCollection(node) && node.flow === true);
    const [from, to] = (opens ? node.range : undefined) ?? [end, end];
    if (from < end && to >= end) start = from;
  });
  return start;
}
