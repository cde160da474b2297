import type {z} from 'zod';
import {kafkaSchema} from '../src/config/kafka-schema.ts';
import {configSchema, schemaRegistrySchema} from '../src/config/schema.ts';
import {commonSinkSchema, connectorKeys} from '../src/config/sink-schema.ts';
import {sourceSchema} from '../src/config/source-schema.ts';
import type {OptionMeta} from '../src/config/option.ts';
import {variableText} from './configuration-schema.ts';
import {sectionTexts} from './section-texts.ts';

/** The text of `docs/configuration.md`: every key of the schema. */
export function configurationDocs(): string {
  const {
    sources: _sources,
    sinks: _sinks,
    kafka: _kafka,
    'schema.registry': _registry,
    ...topLevel
  } = configSchema.shape;
  return `${[
    introduction,
    '## Top level',
    ...keys(topLevel, []),
    '## `kafka`',
    sectionTexts.kafka,
    ...keys(kafkaSchema.shape, ['kafka']),
    '## `schema.registry`',
    sectionTexts['schema.registry'],
    ...keys(schemaRegistrySchema.shape, ['schema.registry']),
    '## `sources`',
    sectionTexts.sources,
    ...keys(sourceSchema.shape, ['sources', '<name>']),
    '## `sinks`',
    sectionTexts.sinks,
    ...keys(commonSinkSchema.shape, ['sinks', '<name>']),
    ...Object.entries(connectorKeys).flatMap(([connector, shape]) => [
      `## \`sinks\` with \`connector: ${connector}\``,
      ...keys(shape, ['sinks', '<name>']),
    ]),
  ].join('\n\n')}\n`;
}

const introduction = `# Configuration

<!-- Written by \`npm run docs\` from src/config/schema.ts. -->

\`millrace start\` reads \`millrace.yaml\` from the working directory, or the file that \`--config\` names. Without a file everything has its default, and
the embedded demo runs. A mistake in the file ends the start with one line for each: where it stands, which key it is about, and what was expected.

- **Keys are written whole**, \`database.port: 5432\`, as Kafka, Debezium and Connect write them; only \`kafka\`, \`schema.registry\`, \`sources\` and \`sinks\` have keys under them.
- **\`\${NAME}\`** in a value is the environment variable \`NAME\`; that it is not set, or empty, is a mistake. \`$\${\` stands for \`\${\` itself.
- **\`MILLRACE_…\` variables win over the file.** Each key names its own; \`<NAME>\` is the section's name in capitals, with \`_\` for everything but letters and
  digits. An empty one counts as not set.
- **Relative paths** in the file start at the file's folder; those from the environment, and the defaults, at the working directory.
- **Secrets** are best left to \`\${NAME}\`. Messages about the file name keys and variables, never their values; in logs, conditions, \`/api/status\`, errors and
  crash reports \`***\` stands in the place of each, also where a driver quotes it in an address, in base64 or in JSON. One that is the value of another key as well, such
  as a password that is the name of its user, is not told from that name.
- **Who may ask over HTTP**: this machine, until \`http.listen\` says otherwise; then whoever has the \`http.auth.token\`.
- **Editors** with a YAML language server complete and check the file: \`# yaml-language-server: $schema=<path of docs/millrace.schema.json>\` in its first line, as in
  [millrace.example.yaml](../millrace.example.yaml), which shows every section.`;

function keys(shape: z.ZodRawShape, section: readonly string[]): string[] {
  return Object.entries(shape).map(([key, schema]) => keyText(key, schema as z.ZodType, section));
}

function keyText(key: string, schema: z.ZodType, section: readonly string[]): string {
  const {description, expected, notYet, secretsIn, ...meta} =
    schema.meta() as unknown as OptionMeta;
  const lines = [
    `- Expected: ${expected}`,
    `- Default: ${meta.default ?? 'none, it is required'}`,
    `- Variable: \`${variableText([...section, key])}\``,
  ];
  if (secretsIn !== undefined)
    lines.push('- Secret: `***` stands for it in logs, status and messages');
  if (notYet !== undefined)
    lines.push(`- Not supported yet: ${notYet.map((value) => `\`${value}\``).join(', ')}`);
  return `### \`${key}\`\n\n${description}\n\n${lines.join('\n')}`;
}
