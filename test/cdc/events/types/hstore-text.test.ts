import {describe, expect, test} from 'vitest';
import {hstoreJson} from '../../../../src/cdc/events/types/hstore-text.ts';

describe('hstoreJson', () => {
  test('writes an empty hstore, nulls and what must be escaped', () => {
    expect(hstoreJson('')).toBe('{}');
    expect(hstoreJson('"a"=>NULL, "b"=>"NULL"')).toBe('{"a":null,"b":"NULL"}');
    expect(hstoreJson('"q\\"=>\\\\"=>"x, \\"y"')).toBe('{"q\\"=>\\\\":"x, \\"y"}');
  });

  test.each([
    ['k n q', 'q k n'],
    ['size color weight brand Ünï 日本', 'size color weight 日本 brand Ünï'],
    ['Aa BB C#', 'Aa BB C#'],
    ['10 9 1 0', '0 1 9 10'],
  ])('has the keys of %s in the order of a Java HashMap', (keys, expected) => {
    const text = keys
      .split(' ')
      .map((key) => `"${key}"=>"1"`)
      .join(', ');

    const members = [...hstoreJson(text).matchAll(/"([^"]+)":/g)].map(([, key]) => key);

    expect(members.join(' ')).toBe(expected);
  });
});
