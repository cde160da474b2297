import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {configurationSchema} from '../../scripts/configuration-schema.ts';
import {configSchema, singleSections} from '../../src/config/schema.ts';
import {sinkSchemas} from '../../src/config/sink-schema.ts';
import {sourceSchema} from '../../src/config/source-schema.ts';
import {yamlWith} from './config-folder.ts';
import {editorMistakes} from './editor-mistakes.ts';

interface Json {
  readonly properties: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly additionalProperties: Json;
  readonly oneOf: readonly Json[];
  readonly description?: string;
  readonly default?: unknown;
}

const schema = configurationSchema() as Json;
const {sources, sinks} = schema.properties;

const sections = [
  {name: 'the top level', keys: Object.keys(configSchema.shape), section: schema},
  ...Object.entries(singleSections).map(([name, {shape}]) => ({
    name,
    keys: Object.keys(shape),
    section: schema.properties[name],
  })),
  {
    name: 'sources',
    keys: Object.keys(sourceSchema.shape),
    section: sources?.additionalProperties,
  },
  ...Object.entries(sinkSchemas).map(([name, {shape}], at) => ({
    name: `sinks with connector: ${name}`,
    keys: Object.keys(shape),
    section: sinks?.additionalProperties.oneOf[at],
  })),
];

describe('configurationSchema', () => {
  test('is what stands in docs/millrace.schema.json; `npm run docs` writes it', () => {
    const file = readFileSync('docs/millrace.schema.json', 'utf8');

    expect(JSON.parse(file)).toEqual(schema);
  });

  test.each(sections)(
    'has every key of $name, with what is to be known about it',
    ({keys, section}) => {
      expect(Object.keys(section?.properties ?? {})).toEqual(keys);
      for (const [key, json] of Object.entries(section?.properties ?? {})) {
        if (key === 'connector' || ['kafka', 'schema.registry', 'sources', 'sinks'].includes(key))
          continue;
        expect(json.description, key).toMatch(
          /^\S[^]*\n\nExpected: .+\nDefault: .+\nVariable: MILLRACE_[A-Z<>_]+$/,
        );
        expect(json.description, key).not.toContain('undefined');
        // What has to be there says so in both ways.
        expect(section?.required?.includes(key) ?? false, key).toBe(
          json.description?.includes('Default: none, it is required') === true,
        );
      }
    },
  );

  test('shows a key as an editor shows it', () => {
    expect(schema.properties['commit.interval.ms']).toEqual({
      description: [
        'Upper bound between commits, in milliseconds; a task commits earlier when its input queues are empty.',
        '',
        'Expected: an integer from 1 to 60000',
        'Default: `100`',
        'Variable: MILLRACE_COMMIT_INTERVAL_MS',
      ].join('\n'),
      type: ['integer', 'string'],
      minimum: 1,
      maximum: 60_000,
      pattern: String.raw`(?:^-?\d+$)|\$\{[A-Za-z_]\w*\}`,
      default: 100,
    });
    expect(sources?.additionalProperties.properties['slot.name']?.description).toContain(
      'Variable: MILLRACE_SOURCES_<NAME>_SLOT_NAME',
    );
  });

  test.each([
    ['source', 'database.port: ${PORT}'],
    ['source', 'database.sslmode: ${MODE}'],
    ['source', 'after.state.only: ${FLAT}'],
    ['source', 'table.include.list: [a.b, "${TABLE}"]'],
    ['source', 'slot.name: camel_${SUFFIX}'],
    ['source', 'snapshot.select.statement.overrides: {a.b: SELECT 1}'],
    ['registry', 'url: https://${USER}:${PASSWORD}@registry'],
  ] as const)('takes a variable wherever one may be filled in: %s, %s', (part, line) => {
    expect(editorMistakes(yamlWith({[part]: [line]}))).toEqual([]);
  });

  test.each([
    ['top', 'comit.interval.ms: 5', '"additionalProperty":"comit.interval.ms"'],
    ['source', 'slot_name: x', '/sources/a: must NOT have additional properties'],
    ['sink', 'topic: x', '/sinks/b: must NOT have additional properties'],
    ['registry', 'uri: x', '/schema.registry: must NOT have additional properties'],
    ['source', 'database.sslmode: maybe', '/sources/a/database.sslmode: must'],
    ['source', 'database.port:', '/sources/a/database.port: must'],
  ] as const)('marks a mistake: %s, %s', (part, line, mistake) => {
    expect(editorMistakes(yamlWith({[part]: [line]})).join('\n')).toContain(mistake);
  });

  test('marks a required key that is missing, and a connector that there is not', () => {
    expect(editorMistakes(yamlWith({}).replace(/slot.name: .*/, ''))).toEqual([
      expect.stringContaining("must have required property 'slot.name'"),
    ]);
    expect(editorMistakes(yamlWith({}).replace('duckdb', 'delta'))).not.toEqual([]);
    expect(editorMistakes(yamlWith({}).replace(/topics: .*/, '')).join('\n')).toContain(
      "must have required property 'topics'",
    );
  });
});
