import {describe, expect, test} from 'vitest';
import {nextStep} from '../../src/demo/demo-step.ts';
import type {KnownIds} from '../../src/demo/demo-step.ts';
import {Random} from '../../src/demo/random.ts';

function known(): KnownIds {
  return {customers: ['c1', 'c2'], products: ['p1', 'p2']};
}

describe('nextStep', () => {
  test('brings one order each time, now and then with each kind of change beside it', () => {
    const random = new Random(1);
    const ids = known();
    const kinds = new Set<string>();
    for (let n = 0; n < 1000; n++) {
      const statements = nextStep(random, ids, {order: `o${n}`, row: `r${n}`});

      const orders = statements.filter(({sql}) => sql.startsWith('INSERT INTO products.orders'));
      expect(orders.map(({values}) => values[0])).toEqual([`o${n}`]);
      for (const {sql} of statements) kinds.add(sql.replace(/ VALUES.*| WHERE.*/, ''));
    }

    expect([...kinds].toSorted()).toEqual([
      'INSERT INTO customers.customers',
      'INSERT INTO customers.demographics',
      'INSERT INTO products.orders',
      'INSERT INTO products.products',
      'UPDATE customers.customers SET phone = $2',
      'UPDATE customers.demographics SET street_address = $2',
      'UPDATE products.products SET price = $2',
    ]);
  });

  test('draws from new customers and products too, once they are there', () => {
    const random = new Random(1);
    const ids = known();
    const used = new Set<unknown>();
    for (let n = 0; n < 1000; n++)
      for (const {sql, values} of nextStep(random, ids, {order: `o${n}`, row: `r${n}`}))
        if (sql.startsWith('INSERT INTO products.orders')) values.forEach((id) => used.add(id));

    const rows = [...ids.customers, ...ids.products].filter((id) => id.startsWith('r'));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.every((id) => used.has(id))).toBe(true);
  });
});
