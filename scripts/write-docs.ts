// Writes docs/configuration.md, docs/metrics.md, docs/millrace.schema.json, docs/openapi.json and the tables of checks in docs/cdc.md and docs/sinks.md; tests fail while they are not what this writes.
import {readFileSync, writeFileSync} from 'node:fs';
import {checksTable, testsOfChecks} from './cdc-checks.ts';
import {configurationDocs} from './configuration-docs.ts';
import {configurationSchema} from './configuration-schema.ts';
import {metricsDocs} from './metrics-docs.ts';
import {openApiDocument} from './open-api-docs.ts';
import {sinkChecksTable, testsOfSinkChecks} from './sink-checks.ts';

writeFileSync('docs/configuration.md', configurationDocs());
writeFileSync('docs/metrics.md', metricsDocs());
for (const [file, document] of [
  ['docs/millrace.schema.json', configurationSchema()],
  ['docs/openapi.json', await openApiDocument()],
] as const)
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);

const cdc = readFileSync('docs/cdc.md', 'utf8');
const table = /(?<=\n)\| # \| what \| tests \|\n(\|.*\n)+/;
writeFileSync('docs/cdc.md', cdc.replace(table, `${checksTable(testsOfChecks())}\n`));

const sinks = readFileSync('docs/sinks.md', 'utf8');
writeFileSync(
  'docs/sinks.md',
  sinks.replace(
    /(?<=\n)\| # +\| what +\| DuckDB .*\n(\|.*\n)*/,
    `${sinkChecksTable(testsOfSinkChecks())}\n`,
  ),
);
