import {isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument} from 'yaml';
import type {Node, Pair, Scalar} from 'yaml';
import type {KeyPath} from './mistake.ts';
import {emptySection, isSection} from './raw-config.ts';
import type {RawConfig, RawSection, RawValue} from './raw-config.ts';
import {substituteEnvironment} from './substitute-environment.ts';
import type {Environment} from './substitute-environment.ts';
import {explainYamlError, isAboutOneValue, structuralErrors} from './yaml-error.ts';

/**
 * Adds what a YAML text says to `config`, with `${NAME}` filled in from the environment.
 *
 * False when the text cannot be told apart into keys and values: then only `config.mistakes` has grown.
 */
export function readYaml(source: string, environment: Environment, config: RawConfig): boolean {
  const lineCounter = new LineCounter();
  // Failsafe: every scalar stays the text that was written, so that `0123` is a fine password. Pretty errors would
  // quote the line, and with it a secret. Repeated keys are found below, where their path is known.
  const document = parseDocument(source, {
    schema: 'failsafe',
    lineCounter,
    prettyErrors: false,
    uniqueKeys: false,
  });
  const positionAt = (offset: number) => {
    const {line, col} = lineCounter.linePos(offset);
    return {line, column: col};
  };
  const mistake = (message: string, offset: number): void => {
    config.mistakes.push({path: [], message, position: positionAt(offset)});
  };
  const valueErrors = new Set(document.errors.filter(isAboutOneValue));
  const structural = structuralErrors(document, source);
  for (const error of structural) mistake(error.message, error.offset);
  if (structural.length > 0) return false;

  const readPair = ({key, value}: Pair, section: RawSection, path: KeyPath): void => {
    const start = (key as Node).range?.[0] ?? 0;
    const name = isScalar<string | null>(key) ? (key.value ?? '') : '';
    if (name === '') return mistake('this key is not plain text', start);
    const keyPath = [...path, name];
    config.locateKey(keyPath, positionAt(start));
    if (name in section) return config.keyMistake(keyPath, 'stands here twice');
    section[name] = read(value as Node | null, keyPath);
  };
  const read = (node: Node | null, path: KeyPath): RawValue => {
    if (isMap(node)) {
      const section = emptySection();
      for (const pair of node.items) readPair(pair, section, path);
      config.locateValue(path, positionAt(node.range?.[0] ?? 0));
      return section;
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => read(item as Node, path));
      config.locateValue(path, positionAt(node.range?.[0] ?? 0));
      return items;
    }
    return isScalar<string | null>(node) || isAlias(node) ? readText(node, path) : '';
  };
  const readText = (node: Exclude<Node, {items: unknown}>, path: KeyPath): string => {
    const [start, end] = node.range ?? [0, 0];
    if (end > start) config.locateValue(path, positionAt(start));
    const error = [...valueErrors].find(({pos: [at]}) => at >= start && at < end);
    if (error !== undefined) valueErrors.delete(error);
    const problem = error === undefined ? misreading(node) : `: ${explainYamlError(error)}`;
    if (problem !== undefined) {
      config.mistake(path, problem);
      return '';
    }
    const {text, missing} = substituteEnvironment(textOf(node as Scalar<string>), environment);
    for (const each of missing) config.mistake(path, each);
    return text;
  };

  if (document.contents === null) return true;
  const root = read(document.contents, []);
  if (isSection(root)) Object.assign(config.root, root);
  else if (root !== '')
    mistake('expected keys and values, as `semantics: cdc`', document.contents.range[0]);
  // What is left is about keys.
  for (const error of valueErrors) mistake(explainYamlError(error), error.pos[0]);
  return true;
}

/** What YAML makes of text that was probably meant as it is written; undefined when nothing. */
function misreading(node: Node): string | undefined {
  if (isAlias(node)) return ': YAML reads this as an alias; quote text that starts with `*`';
  const {anchor, tag} = node as Scalar;
  if (anchor !== undefined)
    return ': YAML reads this as an anchor; quote text that starts with `&`';
  return tag === undefined || tag === 'tag:yaml.org,2002:str'
    ? undefined
    : ': YAML reads this as a tag; quote text that starts with `!`';
}

/** Plain `null` and `~` are nothing, as in every other schema of YAML; in quotes they are text. */
function textOf({value, type}: Scalar<string>): string {
  return type === 'PLAIN' && /^(~|null|Null|NULL)$/.test(value) ? '' : value;
}
