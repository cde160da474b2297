import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decodeTuple, encodeTuple} from '../../../src/streams/operators/tuple-key.ts';

const text = fc.string({unit: fc.constantFrom('a', 'b', '\u0000', '\u0001', 'ÿ'), maxLength: 4});

describe('encodeTuple', () => {
  test('sorts numbers by value', () => {
    fc.assert(
      fc.property(fc.double({noNaN: true}), fc.double({noNaN: true}), (a, b) => {
        const order = encodeTuple(a).compare(encodeTuple(b));

        expect(order).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test('sorts bigints by value', () => {
    const int64 = fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n});
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        expect(encodeTuple(a).compare(encodeTuple(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  test('sorts tuples of texts element by element, as UTF-8', () => {
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const byElement =
          Buffer.from(a).compare(Buffer.from(c)) || Buffer.from(b).compare(Buffer.from(d));

        expect(encodeTuple(a, b).compare(encodeTuple(c, d))).toBe(byElement);
      }),
    );
  });

  test('is a prefix of exactly those tuples that begin with the same elements', () => {
    const element = fc.oneof(text, fc.integer({min: -2, max: 2}), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(element, {maxLength: 3}), fc.array(element, {maxLength: 3}), (a, b) => {
        const bytes = encodeTuple(...a);
        const startsWith = encodeTuple(...b)
          .subarray(0, bytes.length)
          .equals(bytes);

        expect(startsWith).toBe(a.every((item, i) => i < b.length && Object.is(item, b[i])));
      }),
    );
  });

  test.each(['', '\u0000', '\u0001', 'p', 'p\u0000'])('ends the text %j where it ends', (start) => {
    for (const next of ['\u0000', '\u0001', 'a', 'ÿ']) {
      const bytes = encodeTuple(start);

      expect(encodeTuple(start + next).subarray(0, bytes.length)).not.toEqual(bytes);
    }
  });

  test('tells apart elements of different types that look alike', () => {
    const alike = [1, 1n, '1', true, null, [1], {a: 1}, {b: 1}, Buffer.from('1'), [], {}, [[], []]];
    const encoded = alike.map((element) => encodeTuple(element).toString('hex'));

    expect(new Set(encoded).size).toBe(alike.length);
  });

  test('takes an object by its names, whatever their order', () => {
    expect(encodeTuple({a: 1, b: 'x'})).toEqual(encodeTuple({b: 'x', a: 1}));
  });

  test('refuses a bigint beyond 64 bits', () => {
    expect(() => encodeTuple(2n ** 63n)).toThrow(RangeError);
  });
});

describe('decodeTuple', () => {
  test('gives back the elements, whatever they are', () => {
    const element = fc.oneof(
      text,
      fc.double(),
      fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({maxLength: 6}).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(Buffer.from([0, 255, 0, 1, 255]), '\u0000ÿ'),
    );
    fc.assert(
      fc.property(fc.array(element, {maxLength: 4}), (elements) => {
        // IEEE 754 has two zeros, the encoding one.
        const expected = elements.map((each) => (each === 0 ? 0 : each));

        expect(decodeTuple(encodeTuple(...elements))).toEqual(expected);
      }),
    );
  });

  test.each([[encodeTuple(['a'])], [encodeTuple({a: 1})], [Buffer.of(3, 65)], [Buffer.of(8, 1)]])(
    'refuses what is no tuple of such elements: %j',
    (bytes) => {
      expect(() => decodeTuple(bytes)).toThrow(RangeError);
    },
  );
});
