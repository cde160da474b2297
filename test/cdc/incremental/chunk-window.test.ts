import {describe, expect, test} from 'vitest';
import {ChunkWindow} from '../../../src/cdc/incremental/chunk-window.ts';
import {del, insert, relation, update} from '../../support/scripted-source.ts';
import {tuple} from '../../support/tuple.ts';
import type {ScriptedChange} from '../../support/scripted-source.ts';

const customers = relation();
const composite = relation({primaryKey: ['phone', 'id']});
const row = (id: string, phone = '1'): string[] => [id, 'A', 'B', 'C', phone];

function windowOf(of = customers): ChunkWindow {
  const window = new ChunkWindow('w', 'customers.customers');
  window.accept({
    relation: of,
    keyColumns: of.primaryKey,
    rows: [row('a'), row('b'), row('c')].map(tuple),
    upTo: ['c'],
    readAt: 0,
    running: [],
    estimatedRows: undefined,
  });
  return window;
}

function left(window: ChunkWindow, ...changes: readonly ScriptedChange[]): unknown {
  for (const change of changes) window.saw({...change, lsn: 1n});
  return window.rows().map((each) => each.text(0));
}

describe('ChunkWindow', () => {
  test('keeps rows that nothing has changed', () => {
    const other = relation({table: 'other'});

    expect(left(windowOf(), insert(customers, row('z')), insert(other, row('a')))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test.each([
    ['an insert', insert(customers, row('b'))],
    ['an update', update(customers, row('b'))],
    ['a delete', del(customers, ['b', undefined, undefined, undefined, undefined])],
    ['a change of another shape of the table', insert(relation({oid: 9}), row('b'))],
  ])('leaves out the row of %s', (_name, change) => {
    expect(left(windowOf(), change)).toEqual(['a', 'c']);
  });

  test('leaves out both rows of an update of the key', () => {
    const change = update(customers, row('b'), ['a', undefined, undefined, undefined, undefined]);

    expect(left(windowOf(), change)).toEqual(['c']);
  });

  test('finds the part of a key that the new row does not have in the old one', () => {
    const change = update(
      composite,
      ['b', 'A', 'B', 'C', undefined],
      ['b', undefined, undefined, undefined, '1'],
    );

    expect(left(windowOf(composite), change)).toEqual(['a', 'c']);
  });

  test('keeps rows apart whose keys are equal only when they are joined', () => {
    const change = insert(composite, ['"a', 'A', 'B', 'C', '1,']);

    expect(left(windowOf(composite), change)).toEqual(['a', 'b', 'c']);
  });

  test('has no rows after a truncate of its table', () => {
    const window = windowOf();
    window.sawTruncate(relation({table: 'other'}));
    expect(left(window)).toEqual(['a', 'b', 'c']);
    window.sawTruncate(customers);

    expect(left(window)).toEqual([]);
  });

  test('is of no use after a change without the key', () => {
    const window = windowOf();
    left(window, del(customers, [undefined, 'A', 'B', 'C', '1']));

    expect(window.isUnknown).toBe(true);
  });
});
