import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {configurationDocs} from '../../scripts/configuration-docs.ts';
import {configSchema, schemaRegistrySchema} from '../../src/config/schema.ts';
import {anySinkSchema} from '../../src/config/sink-schema.ts';
import {sourceSchema} from '../../src/config/source-schema.ts';

const page = readFileSync('docs/configuration.md', 'utf8');

describe('configurationDocs', () => {
  test('is what stands in docs/configuration.md; `npm run docs` writes it', () => {
    expect(page).toBe(configurationDocs());
  });

  test('describes every key', () => {
    const keys = [configSchema, schemaRegistrySchema, sourceSchema, anySinkSchema].flatMap(
      ({shape}) => Object.keys(shape),
    );

    for (const key of keys) expect(page).toMatch(new RegExp(`^##+ \`${key}\`$`, 'm'));
    expect(page).not.toContain('undefined');
  });

  test('says what a key is, what it takes, what it is by default and which variable sets it', () => {
    expect(page).toContain(
      [
        '### `commit.interval.ms`',
        '',
        'Upper bound between commits, in milliseconds; a task commits earlier when its input queues are empty.',
        '',
        '- Expected: an integer from 1 to 60000',
        '- Default: `100`',
        '- Variable: `MILLRACE_COMMIT_INTERVAL_MS`',
        '',
      ].join('\n'),
    );
    expect(page).toContain('- Variable: `MILLRACE_SCHEMA_REGISTRY_URL`\n');
    expect(page).toContain(
      '- Default: none, it is required\n- Variable: `MILLRACE_SOURCES_<NAME>_SLOT_NAME`\n',
    );
    expect(page).toContain(
      '- Variable: `MILLRACE_SINKS_<NAME>_INSERT_MODE`\n- Not supported yet: `insert`, `update`\n',
    );
  });
});
