import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {sourceSchema} from '../../src/config/source-schema.ts';

const keys = new Set(Object.keys(sourceSchema.shape));
const rows = readFileSync('docs/coming-from-debezium.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, names = '', here = '']) => ({
    names: Array.from(names.matchAll(/`([^`]+)`/g), ([, name]) => String(name)),
    here,
  }));

describe('docs/coming-from-debezium.md', () => {
  test('says `=` of the properties that are keys of a source, and of no others', () => {
    const same = rows.filter(({here}) => here === '=').flatMap(({names}) => names);
    const others = rows.filter(({here}) => here !== '=').flatMap(({names}) => names);

    expect(same.filter((name) => !keys.has(name))).toEqual([]);
    expect(others.filter((name) => keys.has(name))).toEqual([]);
    expect(same.length).toBeGreaterThan(50);
  });

  test('names keys that are there where a property has another name', () => {
    const named = rows.flatMap(({here}) =>
      Array.from(here.matchAll(/`([^`]+)`/g), ([, key]) => key),
    );

    expect(named.filter((key) => !keys.has(String(key)))).toEqual([]);
  });
});
