import {describe, expect, test} from 'vitest';
import {
  literal,
  nameOf,
  preservedCase,
  upperCase,
} from '../../../src/sinks/snowflake/identifier.ts';

describe('upperCase', () => {
  test.each([
    ['order_id', '"ORDER_ID"'],
    ['Select', '"SELECT"'],
    ['a b', '"A B"'],
    ['x"y', '"X""Y"'],
    ['größe', '"GRößE"'],
  ])('makes %s the identifier %s', (name, identifier) => {
    expect(upperCase(name)).toBe(identifier);
  });
});

describe('preservedCase', () => {
  test.each(['order_id', 'Order"Id'])('leaves %s as it is', (name) => {
    expect(nameOf(preservedCase(name))).toBe(name);
  });
});

describe('literal', () => {
  test('doubles quotes and backslashes, which would escape what follows', () => {
    expect(literal(`it's \\n`)).toBe(`'it''s \\\\n'`);
  });
});
