import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {
  canonicalDecimal,
  decimalFromUnscaled,
  decimalToUnscaled,
} from '../../src/serde/decimal-text.ts';

describe('decimalToUnscaled', () => {
  // The shortest two's complement of the unscaled integer.
  test.each([
    ['123.45', 2, '3039'],
    ['12.50', 2, '04e2'],
    ['0', 0, '00'],
    ['-1', 0, 'ff'],
    ['127', 0, '7f'],
    ['128', 0, '0080'],
    ['-128', 0, '80'],
    ['-129', 0, 'ff7f'],
    ['32768', 0, '008000'],
    ['9223372036854775807', 0, '7fffffffffffffff'],
    ['-9223372036854775808', 0, '8000000000000000'],
    ['9223372036854775808', 0, '008000000000000000'],
    ['-9223372036854775809', 0, 'ff7fffffffffffffff'],
    ['1200', -2, '0c'],
    ['1.5e3', 1, '3a98'],
  ])('%s at scale %i is 0x%s', (text, scale, hex) => {
    expect(decimalToUnscaled(text, scale).toString('hex')).toBe(hex);
  });

  test.each([
    ['12.505', 2],
    ['1', -1],
    ['', 0],
    ['.', 0],
    ['NaN', 2],
    ['Infinity', 2],
    ['0x10', 0],
    ['1e999999', 0],
    ['1,5', 1],
    [' 1', 0],
  ])('refuses %j at scale %i', (text, scale) => {
    expect(() => decimalToUnscaled(text, scale)).toThrow(RangeError);
  });
});

describe('decimalFromUnscaled', () => {
  test('undoes decimalToUnscaled at any scale and length', () => {
    const digits = fc.bigInt({min: -(10n ** 200n), max: 10n ** 200n});
    fc.assert(
      fc.property(digits, fc.integer({min: -5, max: 60}), (unscaled, scale) => {
        const text = scale < 0 ? String(unscaled) : `${unscaled}e-${scale}`;
        const zeros = scale < 0 ? '0'.repeat(-scale) : '';

        const back = decimalFromUnscaled(decimalToUnscaled(text + zeros, scale), scale);

        expect(back).toBe(canonicalDecimal(text + zeros, scale));
        expect(back.split('.')[1]?.length ?? 0).toBe(Math.max(0, scale));
      }),
    );
  });

  test('refuses no bytes', () => {
    expect(() => decimalFromUnscaled(Buffer.alloc(0), 2)).toThrow(RangeError);
  });
});

describe('canonicalDecimal', () => {
  test.each([
    ['12.5', 2, '12.50'],
    ['12.50', 2, '12.50'],
    ['+012.500', 2, '12.50'],
    ['-0.00', 2, '0.00'],
    ['-0', 0, '0'],
    ['.5', 1, '0.5'],
    ['5.', 1, '5.0'],
    ['-.05', 2, '-0.05'],
    ['1e-2', 2, '0.01'],
    ['12300', -2, '12300'],
    ['0', -2, '0'],
  ])('%s at scale %i is %s', (text, scale, canonical) => {
    expect(canonicalDecimal(text, scale)).toBe(canonical);
  });
});
