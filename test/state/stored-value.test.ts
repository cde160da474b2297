import {assert, option, property, uint8Array} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {lineageBytes, rowBytes, storedValue} from '../../src/state/stored-value.ts';

const lineage = Buffer.from([1, 0, 7]);
const row = Buffer.from('{"id":"c1"}');

describe('a stored value', () => {
  test('is the row alone where it has no lineage, as stores have always kept it', () => {
    expect(storedValue(row, undefined)).toBe(row);
    expect(rowBytes(row)).toBe(row);
    expect(lineageBytes(row)).toBeUndefined();
  });

  test('gives back row and lineage, whatever their bytes are', () => {
    const bytes = uint8Array({maxLength: 40}).map((array) => Buffer.from(array));
    assert(
      property(bytes, option(bytes, {nil: undefined}), (anyRow, anyLineage) => {
        const stored = storedValue(anyRow, anyLineage);

        expect(rowBytes(stored)).toEqual(anyRow);
        expect(lineageBytes(stored)).toEqual(anyLineage?.length === 0 ? undefined : anyLineage);
      }),
    );
  });

  test('does not take the end of a row for a lineage', () => {
    const treacherous = storedValue(row, lineage);

    const stored = storedValue(treacherous, undefined);

    expect(rowBytes(stored)).toEqual(treacherous);
    expect(lineageBytes(stored)).toBeUndefined();
    expect(rowBytes(storedValue(treacherous, lineage))).toEqual(treacherous);
  });

  test('has its lineage in memory of its own', () => {
    const stored = storedValue(row, lineage);
    const taken = lineageBytes(stored);

    stored.fill(0);

    expect(taken).toEqual(lineage);
  });
});
