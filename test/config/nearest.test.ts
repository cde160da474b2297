import {assert, constant, constantFrom, integer, property, tuple} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {nearest} from '../../src/config/nearest.ts';

const keys = ['table.include.list', 'slot.name', 'topic.prefix', 'topics', 'linger.ms'];

describe('nearest', () => {
  test.each([
    ['tabel.include.list', 'table.include.list'],
    ['table_include_list', 'table.include.list'],
    ['tableIncludeList', 'table.include.list'],
    ['TABLE-INCLUDE-LIST', 'table.include.list'],
    ['table.includes.lists', 'table.include.list'],
    ['slot.nmae', 'slot.name'],
    ['topic', 'topics'],
    ['topic.prefx', 'topic.prefix'],
    ['linger', undefined],
    ['heartbeat.interval.ms', undefined],
    ['x', undefined],
    ['', undefined],
  ])('takes %s for %s', (name, meant) => {
    expect(nearest(name, keys)).toBe(meant);
  });

  test('prefers what is nearer, whatever the order', () => {
    expect(nearest('topicz', ['topic', 'topics'])).toBe('topic');
    expect(nearest('topicss', ['topic', 'topics'])).toBe('topics');
    expect(nearest('topicss', ['topics', 'topic'])).toBe('topics');
  });

  test('finds a name with two letters swapped, one dropped, or one doubled', () => {
    const places = constantFrom(...keys).chain((key) =>
      tuple(constant(key), integer({min: 0, max: key.length - 2})),
    );

    assert(
      property(places, constantFrom('swap', 'drop', 'double'), ([key, at], edit) => {
        const [a = '', b = ''] = key.slice(at, at + 2);
        const middle = {swap: b + a, drop: b, double: a + a + b}[edit];

        expect(nearest(key.slice(0, at) + middle + key.slice(at + 2), keys)).toBe(key);
      }),
    );
  });
});
