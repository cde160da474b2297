// Writes docs/configuration.md; a test fails while it is not what this writes.
import {writeFileSync} from 'node:fs';
import {configurationDocs} from './configuration-docs.ts';

writeFileSync('docs/configuration.md', configurationDocs());
