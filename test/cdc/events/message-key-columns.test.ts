import {describe, expect, test} from 'vitest';
import {messageKeyColumns} from '../../../src/cdc/events/message-key-columns.ts';
import {relation} from '../../support/scripted-source.ts';

const customers = relation();
const orders = relation({table: 'Orders'});

describe('messageKeyColumns', () => {
  test('gives the columns in the order of the setting to the tables that it matches', () => {
    const of = messageKeyColumns('customers.customers:phone,email; (.*).orders:last_name');

    expect([of(customers), of(orders), of(relation({table: 'other'}))]).toEqual([
      ['phone', 'email'],
      ['last_name'],
      undefined,
    ]);
  });

  test('matches columns as Debezium does: by regular expression, each once', () => {
    expect(messageKeyColumns('.*:.*_name,first_name')(customers)).toEqual([
      'first_name',
      'last_name',
    ]);
  });

  test('leaves a table alone of which it names no column', () => {
    expect(messageKeyColumns('customers.customers:nothing')(customers)).toBeUndefined();
  });

  test.each(['', 'a', 'a:', ':b', 'a:b;', 'a:b:c', '(:b'])('does not take "%s"', (text) => {
    expect(() => messageKeyColumns(text)).toThrow(SyntaxError);
  });
});
