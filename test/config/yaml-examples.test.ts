import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {parseAllDocuments} from 'yaml';
import {configSchema} from '../../src/config/schema.ts';
import {ConfigFolder} from './config-folder.ts';
import {editorMistakes} from './editor-mistakes.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

function filesIn(directory: string, pattern: RegExp): readonly string[] {
  return readdirSync(directory, {recursive: directory !== '.', encoding: 'utf8'})
    .filter((name) => pattern.test(name))
    .map((name) => join(directory, name));
}

/** YAML files as they are, and what stands between fences in Markdown. */
const texts = [
  ...['.', 'deploy'].flatMap((directory) =>
    filesIn(directory, /\.ya?ml$/).map((file) => ({file, yaml: readFileSync(file, 'utf8')})),
  ),
  ...['.', 'docs'].flatMap((directory) =>
    filesIn(directory, /\.md$/).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => ({
        file,
        yaml,
      })),
    ),
  ),
];

/** A configuration has a key of ours at its top, and one of Kubernetes may have the text of one in it. */
function configurationsIn(yaml: string): readonly string[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const content = document.toJS() as Readonly<Record<string, unknown>> | null;
    if (typeof content !== 'object' || content === null) return [];
    if (Object.keys(content).some((key) => key in configSchema.shape)) return [yaml];
    const {kind, data} = content as {kind?: string; data?: Readonly<Record<string, string>>};
    return kind === 'ConfigMap' ? Object.values(data ?? {}).flatMap(configurationsIn) : [];
  });
}

const examples = texts.flatMap(({file, yaml}) =>
  configurationsIn(yaml).map((example, at) => ({name: `${file} ${at + 1}`, example})),
);

/** Something for each variable that a file names. */
function environmentOf(yaml: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, `${name}_of_a_test`]),
  );
}

describe('every configuration in the repository', () => {
  test('is found', () => {
    const names = examples.map(({name}) => name.replace(/ \d+$/, ''));

    expect(names).toEqual(
      expect.arrayContaining([
        'README.md',
        'millrace.example.yaml',
        'deploy/compose/millrace.yaml',
        'deploy/k8s/millrace.yaml',
        'docs/sinks.md',
      ]),
    );
  });

  test.each(examples)('$name is taken by the service and by editors', ({example}) => {
    expect(folder.mistakes(example, environmentOf(example))).toEqual([]);
    expect(editorMistakes(example)).toEqual([]);
  });

  test.each(examples)('$name with a slip of the pen is taken by neither', ({example}) => {
    const [line = ''] = /^ *(?!connector)[a-z][a-z.]+[a-z](?=: \S)/m.exec(example) ?? [];
    const mistyped = example.replace(line, `${line.slice(0, -1)}x`);

    expect(folder.mistakes(mistyped, environmentOf(example))).toEqual(
      expect.arrayContaining([expect.stringContaining(' is not a key; ')]),
    );
    expect(editorMistakes(mistyped)).toEqual(
      expect.arrayContaining([expect.stringContaining('must NOT have additional properties')]),
    );
  });

  test.each(
    texts.filter(({file, yaml}) => !file.endsWith('.md') && configurationsIn(yaml).includes(yaml)),
  )('$file says where editors find its schema', ({file, yaml}) => {
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(yaml) ?? [];

    expect(join(file, '..', schema)).toBe('docs/millrace.schema.json');
  });
});
