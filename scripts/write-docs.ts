// Writes docs/configuration.md and the table of checks in docs/cdc.md; tests fail while they are not what this writes.
import {readFileSync, writeFileSync} from 'node:fs';
import {checksTable, testsOfChecks} from './cdc-checks.ts';
import {configurationDocs} from './configuration-docs.ts';

writeFileSync('docs/configuration.md', configurationDocs());

const cdc = readFileSync('docs/cdc.md', 'utf8');
const table = /(?<=\n)\| # \| what \| tests \|\n(\|.*\n)+/;
writeFileSync('docs/cdc.md', cdc.replace(table, `${checksTable(testsOfChecks())}\n`));
