import {describe, expect, test} from 'vitest';
import {TableFilter} from '../../../../src/cdc/table-filter.ts';
import type {FilterLists} from '../../../../src/cdc/table-filter.ts';
import type {FoundTable} from '../../../../src/cdc/postgres/catalog/table-catalog.ts';
import {
  endangeredTables,
  selectTables,
} from '../../../../src/cdc/postgres/catalog/table-selection.ts';
import {foundTable} from './found-table.ts';

const root = foundTable('public', 'p', {kind: 'p'});
const leaf = foundTable('public', 'p_1', {ancestors: [root.oid]});
const other = foundTable('public', 'other_leaf', {ancestors: [root.oid]});
const plain = foundTable('public', 't');

function select(found: readonly FoundTable[], lists: FilterLists, viaRoot = false) {
  const {published, captured, remarks} = selectTables(found, new TableFilter(lists), viaRoot);
  return {
    published: published.map(({table}) => table),
    captured: captured.map(({table}) => table),
    remarks,
  };
}

describe('selectTables', () => {
  test('gives the tables that match, in the order of the include list', () => {
    const found = ['a', 'b', 'c', 'd'].map((table) => foundTable('public', table));

    expect(select(found, {tableIncludeList: ['public.c', 'public.[ab]']})).toEqual({
      published: ['a', 'b', 'c'],
      captured: ['c', 'a', 'b'],
      remarks: [],
    });
  });

  test('takes a partitioned table for its partitions, or as one', () => {
    const found = [root, leaf, other, plain];

    expect(select(found, {}, true)).toEqual({
      published: ['p', 't'],
      captured: ['p', 't'],
      remarks: [],
    });
    expect(select(found, {}, false)).toEqual({
      published: ['p', 't'],
      captured: ['p_1', 'other_leaf', 't'],
      remarks: [],
    });
  });

  test('takes a partition alone', () => {
    const lists = {tableIncludeList: ['public.p_1']};
    const alone = {published: ['p_1'], captured: ['p_1'], remarks: []};

    expect(select([root, leaf, other], lists, true)).toEqual(alone);
    expect(select([root, leaf, other], lists, false)).toEqual(alone);
  });

  test('names the partitions whose changes the filters leave out', () => {
    const {captured, remarks} = select([root, leaf, other], {tableIncludeList: ['public.p.*']});

    expect(captured).toEqual(['p_1']);
    expect(remarks).toEqual([
      expect.stringMatching(
        /public\.p is partitioned.*leave out public\.other_leaf; .*publish\.via\.partition\.root/,
      ),
    ]);
  });

  test('names what matches and cannot be captured, and what matches nothing', () => {
    const found = [
      foundTable('public', 'v', {kind: 'v'}),
      foundTable('public', 'w', {kind: 'v'}),
      foundTable('public', 'm', {kind: 'm'}),
      foundTable('public', 'f', {kind: 'f'}),
      foundTable('public', 'u', {unlogged: true}),
      foundTable('public', 'spatial_ref_sys', {extension: 'postgis'}),
    ];

    expect(select(found, {tableIncludeList: ['public.*', 'gone.t']})).toEqual({
      published: ['spatial_ref_sys'],
      captured: ['spatial_ref_sys'],
      remarks: [
        expect.stringMatching(/^nothing matches gone\.t of table\.include\.list/),
        expect.stringMatching(/^public\.v, public\.w cannot be captured: views/),
        expect.stringMatching(/^public\.m cannot be captured: materialized views/),
        expect.stringMatching(/^public\.f cannot be captured: foreign tables/),
        expect.stringMatching(/^public\.u cannot be captured: unlogged tables/),
        expect.stringMatching(/^public\.spatial_ref_sys comes from an extension/),
      ],
    });
  });
});

describe('endangeredTables', () => {
  test('gives the tables of others that a publication of all tables stops', () => {
    const heap = foundTable('public', 'heap', {refusesUpdates: true});
    const keyless = foundTable('public', 'keyless', {refusesUpdates: true});
    const part = foundTable('public', 'part', {ancestors: [root.oid], refusesUpdates: true});
    const unlogged = foundTable('public', 'u', {unlogged: true, refusesUpdates: true});
    const found = [root, part, heap, keyless, unlogged, plain];
    const selection = selectTables(
      found,
      new TableFilter({tableIncludeList: ['public.p', 'public.heap']}),
      true,
    );

    expect(endangeredTables('all_tables', found, selection)).toEqual([keyless]);
    expect(endangeredTables('filtered', found, selection)).toEqual([]);
  });
});
