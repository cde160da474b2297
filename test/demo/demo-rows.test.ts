import {describe, expect, test} from 'vitest';
import {customerRow, demographicRow, productRow} from '../../src/demo/demo-rows.ts';
import {Random} from '../../src/demo/random.ts';

function thousand<T>(make: (random: Random) => T): readonly T[] {
  const random = new Random(7);
  return Array.from({length: 1000}, () => make(random));
}

describe('Random', () => {
  test('gives the same ids for the same seed, and each once', () => {
    const ids = thousand((random) => random.uuid());

    expect(ids[0]).toBe(new Random(7).uuid());
    expect(ids[0]).not.toBe(new Random(8).uuid());
    expect(new Set(ids).size).toBe(1000);
    expect(ids.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toBe(true);
  });
});

describe('customerRow', () => {
  test('has a mailbox of the reserved domains that fits its name, and a number that rings nowhere', () => {
    for (const [id, first, last, email, number] of thousand((random) => customerRow(random, 'c'))) {
      expect(id).toBe('c');
      expect(first + last).not.toBe('');
      expect(email).toMatch(/^[a-z]+\.[a-z]+\d{1,3}@example\.(com|net|org)$/);
      expect(number).toMatch(/^[1-9]\d\d-555-01\d\d$/);
    }
  });
});

describe('demographicRow', () => {
  test('has a zip code of its state', () => {
    const rows = thousand((random) => demographicRow(random, 'c'));

    const starts = new Map(rows.map(([, , state, zip]) => [state, zip.slice(0, 3)]));
    expect(starts.size).toBeGreaterThan(5);
    for (const [, street, state, zip, country, code] of rows) {
      expect(street).toMatch(/^\d+ \w+ \w+$/);
      expect(zip).toMatch(/^\d{5}$/);
      expect(zip.slice(0, 3)).toBe(starts.get(state));
      expect([country, code]).toEqual(['United States', 'US']);
    }
  });
});

describe('productRow', () => {
  test('is sold by one department, for a price', () => {
    const rows = thousand((random) => productRow(random, 'p'));

    const departments = new Map(rows.map(([, , name, department]) => [thing(name), department]));
    for (const [, , name, department, price] of rows) {
      expect(department).toBe(departments.get(thing(name)));
      expect(price).toMatch(/^\$\d{1,3}\.\d\d$/);
    }
  });
});

function thing(product: string): string | undefined {
  return product.split(' ').at(-1);
}
