import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {cdcChecks, checksTable, testsOfChecks} from '../../scripts/cdc-checks.ts';

describe('docs/cdc.md', () => {
  test('names for each check the files with its tests (npm run docs)', () => {
    expect(readFileSync('docs/cdc.md', 'utf8')).toContain(checksTable(testsOfChecks()));
  });

  test('has a test for each of the fifty checks', () => {
    const tests = testsOfChecks();
    const without = cdcChecks.filter((_what, index) => !tests.has(index + 1));

    expect(cdcChecks).toHaveLength(50);
    expect(without).toEqual([]);
  });
});
