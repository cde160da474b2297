import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {
  sinkChecks,
  sinkChecksTable,
  testsOfSinkChecks,
  untestedSinkChecks,
} from '../../scripts/sink-checks.ts';

describe('docs/sinks.md', () => {
  test('names for each check the files with its tests (npm run docs)', () => {
    expect(withoutPadding(readFileSync('docs/sinks.md', 'utf8'))).toContain(
      withoutPadding(sinkChecksTable(testsOfSinkChecks())),
    );
  });

  test('has a test for each of the twenty-five checks, on each warehouse that can meet it', () => {
    expect(sinkChecks).toHaveLength(25);
    expect(untestedSinkChecks(testsOfSinkChecks())).toEqual([]);
  });
});

/** A table is the same however its columns are padded. */
function withoutPadding(text: string): string {
  return text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
}
