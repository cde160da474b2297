import type {z} from 'zod';
import {kafkaSchema} from '../src/config/kafka-schema.ts';
import {configSchema, schemaRegistrySchema} from '../src/config/schema.ts';
import {commonSinkSchema, connectorKeys} from '../src/config/sink-schema.ts';
import {sourceSchema} from '../src/config/source-schema.ts';
import {variableName} from '../src/config/variable-name.ts';

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
    'A cluster for the topics. Without `kafka`, an embedded log keeps them in `data.dir`.',
    ...keys(kafkaSchema.shape, ['kafka']),
    '## `schema.registry`',
    'A registry for the schemas of keys and values. Without `schema.registry`, an embedded one keeps them in the topic `_schemas`.',
    ...keys(schemaRegistrySchema.shape, ['schema.registry']),
    '## `sources`',
    'One section for each Postgres database, under a name of your choice. Without `sources`, an embedded Postgres runs with generated rows and a workload.',
    ...keys(sourceSchema.shape, ['sources', '<name>']),
    '## `sinks`',
    'One section for each warehouse, under a name of your choice. Without `sinks`, `orders_enriched` goes to `warehouse.duckdb` in `data.dir`. Which further keys there are depends on the `connector`.',
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
- **Secrets** are best left to \`\${NAME}\`. Messages name keys and variables, never their values.`;

function keys(shape: z.ZodRawShape, section: readonly string[]): string[] {
  return Object.entries(shape).map(([key, schema]) => keyText(key, schema as z.ZodType, section));
}

interface KeyMeta {
  readonly description?: string;
  readonly expected?: string;
  readonly default?: string;
  readonly notYet?: readonly string[];
}

function keyText(key: string, schema: z.ZodType, section: readonly string[]): string {
  const {description, expected, notYet, ...meta} = (schema.meta() ?? {}) as KeyMeta;
  const lines = [
    `- Expected: ${expected}`,
    `- Default: ${meta.default ?? 'none, it is required'}`,
    `- Variable: \`${variableName([...section, key]).replace('__NAME__', '_<NAME>_')}\``,
  ];
  if (notYet !== undefined)
    lines.push(`- Not supported yet: ${notYet.map((value) => `\`${value}\``).join(', ')}`);
  return `### \`${key}\`\n\n${description}\n\n${lines.join('\n')}`;
}
