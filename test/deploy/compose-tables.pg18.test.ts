import {readFileSync} from 'node:fs';
import {beforeAll, describe, expect, inject, test} from 'vitest';
import {Customer, Demographic, OrderChange, ProductChange} from '../../src/topics.ts';
import {queryPostgres} from '../support/postgres.ts';

const databases = ['customers', 'products'] as const;

function query(
  database: (typeof databases)[number],
  sql: string,
): Promise<Record<string, unknown>[]> {
  return queryPostgres(inject('postgresPort'), sql, `compose_${database}_${process.pid}`);
}

beforeAll(async () => {
  for (const database of databases) {
    const create = `CREATE DATABASE compose_${database}_${process.pid}`;
    await queryPostgres(inject('postgresPort'), create, 'postgres');
    await query(database, `${readFileSync(`deploy/compose/${database}.sql`, 'utf8')}; SELECT`);
  }
});

describe("Compose's tables", () => {
  test.each([
    ['customers', 'customers.customers', Customer, 'id'],
    ['customers', 'customers.demographics', Demographic, 'id'],
    ['products', 'products.products', ProductChange, 'product_id'],
    ['products', 'products.orders', OrderChange, 'order_id'],
  ] as const)(
    'of %s: %s has rows, with the columns of its topic',
    async (database, table, row, id) => {
      const columns = Object.keys(row.fields).filter((name) => name !== '__deleted');

      const rows = await query(database, `SELECT ${columns.join(', ')} FROM ${table}`);

      expect(rows).toHaveLength(1000);
      const keys = await query(
        database,
        `SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
       WHERE indrelid = '${table}'::regclass AND indisprimary`,
      );
      expect(keys).toEqual([{attname: id}]);
    },
  );

  test('of both have what the orders name', async () => {
    const customers = await query('customers', 'SELECT id FROM customers.demographics');
    const orders = await query(
      'products',
      'SELECT customer_id, product_id IN (SELECT product_id FROM products.products) AS known FROM products.orders',
    );

    expect(new Set(orders.map(({known}) => known))).toEqual(new Set([true]));
    const ids = new Set(customers.map(({id}) => id));
    expect(orders.filter(({customer_id}) => !ids.has(customer_id))).toEqual([]);
  });
});
