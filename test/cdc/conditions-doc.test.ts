import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';

describe('docs/cdc.md', () => {
  test('names every condition of a source, with what has happened and the remedy', () => {
    const codes = readFileSync('src/common/errors.ts', 'utf8').match(/(?<=\| ')CDC_\w+/g) ?? [];
    const rows = readFileSync('docs/cdc.md', 'utf8')
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter(([, code]) => code?.startsWith('`CDC_'));

    expect(codes.length).toBeGreaterThan(15);
    expect(rows.map(([, code]) => code)).toEqual(
      expect.arrayContaining(codes.map((code) => `\`${code}\``)),
    );
    expect(rows).toHaveLength(codes.length);
    for (const [, , kind, what, remedy] of rows) {
      expect(kind).toMatch(/error|fatal|warning/);
      expect(`${what}`.length).toBeGreaterThan(20);
      expect(`${remedy}`.length).toBeGreaterThan(20);
    }
  });
});
