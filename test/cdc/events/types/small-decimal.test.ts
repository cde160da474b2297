import {assert, integer, property} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {base64OfInteger, smallUnscaled} from '../../../../src/cdc/events/types/small-decimal.ts';
import {decimalFromUnscaled, decimalToUnscaled} from '../../../../src/serde/decimal-text.ts';

const LARGEST = 10 ** 14 - 1;

describe('smallUnscaled and base64OfInteger', () => {
  test('write the bytes that every decimal has', () => {
    const edges = [0, 1, 127, 128, 255, 256, 32_767, 32_768, 2 ** 31, 2 ** 39, 2 ** 40, LARGEST];
    for (const edge of edges.flatMap((each) => [each, -each, -each - 1])) {
      if (Math.abs(edge) > LARGEST) continue;
      const text = String(edge);
      const expected = decimalToUnscaled(text, 0).toString('base64');
      expect([text, base64OfInteger(edge)]).toEqual([text, expected]);
    }
    assert(
      property(
        integer({min: -LARGEST, max: LARGEST}),
        integer({min: 0, max: 8}),
        (value, scale) => {
          const bytes = decimalToUnscaled(String(value), 0);
          const text = decimalFromUnscaled(bytes, scale);
          const small = smallUnscaled(text, scale);

          const written = small === undefined ? undefined : base64OfInteger(small);
          // Fourteen characters at most, of which sign and point are two.
          const isSmall = text.length <= 14;
          expect(written).toBe(isSmall ? bytes.toString('base64') : undefined);
        },
      ),
    );
  });

  test.each([
    ['1.25', 1],
    ['1e3', 2],
    ['NaN', 2],
    ['', 2],
    ['-', 2],
    ['.', 2],
    ['1.2.3', 4],
    ['100', -2],
    ['123456789012', 4],
    ['123456789012345', 0],
  ])('leave %j at scale %i to the exact form', (text, scale) => {
    expect(smallUnscaled(text, scale)).toBeUndefined();
  });

  test.each([
    ['12.5', 2, 1250],
    ['-0.00', 2, 0],
    ['7', 3, 7000],
    ['-12.50', 2, -1250],
  ])('read %j at scale %i as %i', (text, scale, expected) => {
    expect(smallUnscaled(text, scale)).toBe(expected);
  });
});
