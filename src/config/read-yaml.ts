import {isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument} from 'yaml';
import type {Node, YAMLError} from 'yaml';
import type {KeyPath, Position} from './mistake.ts';
import {isSection, setKey} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import {substituteEnvironment} from './substitute-environment.ts';
import type {Environment} from './substitute-environment.ts';

/** Adds what a YAML text says to `config`, with `${NAME}` filled in from the environment. */
export function readYaml(source: string, environment: Environment, config: RawConfig): void {
  const lineCounter = new LineCounter();
  // Failsafe: every scalar stays the text that was written, so that `0123` is a fine password. Pretty errors would
  // quote the line, and with it a secret.
  const document = parseDocument(source, {schema: 'failsafe', lineCounter, prettyErrors: false});
  const positionAt = (offset: number): Position => {
    const {line, col} = lineCounter.linePos(offset);
    return {line, column: col};
  };
  for (const error of [...document.errors, ...document.warnings])
    config.mistakes.push({path: [], message: explain(error), position: positionAt(error.pos[0])});
  if (config.mistakes.length > 0 || document.contents === null) return;

  const read = (node: Node | null, path: KeyPath): RawValue => {
    if (isMap(node)) {
      const section: RawSection = {};
      for (const {key, value} of node.items) {
        if (!isScalar(key)) {
          config.mistake(path, 'has a key that is not plain text');
          continue;
        }
        const name = String(key.value);
        config.locate([...path, name], positionAt(key.range?.[0] ?? 0));
        setKey(section, name, read(value as Node | null, [...path, name]));
      }
      return section;
    }
    if (isSeq(node)) return node.items.map((item) => read(item as Node, path));
    if (isAlias(node)) {
      config.mistake(path, 'is a YAML alias; quote text that starts with `*`');
      return '';
    }
    const written = isScalar<string | null>(node) ? (node.value ?? '') : '';
    const position = isScalar(node) ? positionAt(node.range?.[0] ?? 0) : config.position(path);
    if (position !== undefined) config.locate(path, position, written);
    const {text, missing} = substituteEnvironment(written, environment);
    for (const problem of missing) config.mistake(path, problem);
    return text;
  };

  const root = read(document.contents, []);
  if (isSection(root))
    for (const [key, value] of Object.entries(root)) setKey(config.root, key, value);
  else config.mistakes.push({path: [], message: 'expected keys and values: `semantics: cdc`'});
}

const explanations: Partial<Record<YAMLError['code'], string>> = {
  DUPLICATE_KEY: 'this key stands here twice',
  TAB_AS_INDENT: 'tabs do not indent YAML; use spaces',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MISSING_CHAR: 'a closing quote, bracket or a colon is missing',
  TAG_RESOLVE_FAILED: 'this is read as a YAML tag; quote text that starts with `!`',
  BAD_ALIAS: 'this is read as a YAML alias; quote text that starts with `*`',
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
};

/** Never the parser's own message: it may quote what stands there. */
function explain({code}: YAMLError): string {
  return (
    explanations[code] ?? `this is not valid YAML (${code}); quote text with special characters`
  );
}
