import {describe, expect, test} from 'vitest';
import {
  publicationChanges,
  publicationWarnings,
} from '../../../../src/cdc/postgres/catalog/publication.ts';
import type {
  PublicationPlan,
  PublicationState,
} from '../../../../src/cdc/postgres/catalog/publication.ts';
import type {FoundTable} from '../../../../src/cdc/postgres/catalog/table-catalog.ts';
import {foundTable} from './found-table.ts';

const whole: PublicationState = {
  allTables: false,
  missingOperations: [],
  viaRoot: false,
  tables: ['a.t', 'b.u'],
  schemas: [],
  filtered: [],
};
const ofAll: PublicationState = {...whole, allTables: true, tables: []};
const [t, u] = [foundTable('a', 't'), foundTable('b', 'u')];

function plan(mode: PublicationPlan['mode'], ...tables: readonly FoundTable[]): PublicationPlan {
  return {where: 'source camel', name: 'p', mode, viaRoot: false, tables};
}

describe('publicationChanges', () => {
  test('creates it for exactly the tables, with their names quoted', () => {
    const odd = foundTable('A "b"', 'x.y');

    expect(publicationChanges(plan('filtered', t, odd), undefined)).toEqual([
      'CREATE PUBLICATION "p" FOR TABLE "a"."t", "A ""b"""."x.y" WITH (publish_via_partition_root = false)',
    ]);
  });

  test('creates it for all tables, or for none', () => {
    expect(publicationChanges({...plan('all_tables', t), viaRoot: true}, undefined)).toEqual([
      'CREATE PUBLICATION "p" FOR ALL TABLES WITH (publish_via_partition_root = true)',
    ]);
    expect(publicationChanges(plan('no_tables', t), undefined)).toEqual([
      'CREATE PUBLICATION "p" WITH (publish_via_partition_root = false)',
    ]);
  });

  test('leaves it alone when it fits, in any order, and when it publishes all tables', () => {
    expect(publicationChanges(plan('filtered', u, t), whole)).toEqual([]);
    expect(publicationChanges(plan('filtered', t), ofAll)).toEqual([]);
    expect(publicationChanges(plan('all_tables', t), ofAll)).toEqual([]);
  });

  test('replaces other tables, schemas, row filters and column lists', () => {
    const set = ['ALTER PUBLICATION "p" SET TABLE "a"."t"'];
    const fitting = {...whole, tables: ['a.t']};

    expect(publicationChanges(plan('filtered', t), whole)).toEqual(set);
    expect(publicationChanges(plan('filtered', t), {...fitting, filtered: ['a.t']})).toEqual(set);
    expect(publicationChanges(plan('filtered', t), {...fitting, schemas: ['b']})).toEqual(set);
  });

  test('publishes all operations', () => {
    expect(
      publicationChanges(plan('filtered', t, u), {...whole, missingOperations: ['truncate']}),
    ).toEqual([`ALTER PUBLICATION "p" SET (publish = 'insert, update, delete, truncate')`]);
  });

  test('changes under which name partitions come, where there are or may be any', () => {
    const set = ['ALTER PUBLICATION "p" SET (publish_via_partition_root = true)'];
    const viaRoot = {viaRoot: true};
    const root = foundTable('b', 'u', {kind: 'p'});
    const leaf = foundTable('b', 'u', {ancestors: [1]});

    expect(publicationChanges({...plan('filtered', t, root), ...viaRoot}, whole)).toEqual(set);
    expect(publicationChanges({...plan('filtered', t, leaf), ...viaRoot}, whole)).toEqual(set);
    expect(publicationChanges({...plan('filtered', t, u), ...viaRoot}, whole)).toEqual([]);
    expect(publicationChanges({...plan('all_tables', t), ...viaRoot}, ofAll)).toEqual(set);
  });

  test.each(['disabled', 'no_tables'] as const)('leaves it as it is when %s', (mode) => {
    const state = {
      ...whole,
      missingOperations: ['truncate'],
      viaRoot: true,
      tables: [],
      filtered: ['a.t'],
    };

    expect(publicationChanges(plan(mode, t), state)).toEqual([]);
  });

  test('gives the SQL of one that is missing when disabled', () => {
    expect(() => publicationChanges(plan('disabled', t), undefined)).toThrow(
      /has no publication p, and .* is disabled; run CREATE PUBLICATION "p" FOR TABLE "a"\."t" WITH/,
    );
  });

  test('refuses to call one with tables one of all tables', () => {
    expect(() => publicationChanges(plan('all_tables', t), whole)).toThrow(
      /names tables, and Postgres cannot make it one of all tables; set publication.autocreate.mode: filtered/,
    );
  });
});

describe('publicationWarnings', () => {
  test('names what a publication of somebody else leaves out', () => {
    const narrow = {...whole, missingOperations: ['truncate'], viaRoot: true, filtered: ['a.t']};

    expect(publicationWarnings(plan('disabled', t), narrow)).toEqual([
      expect.stringContaining(`SET (publish = 'insert, update, delete, truncate')`),
      expect.stringContaining('a row filter or a column list for a.t'),
      expect.stringContaining('publish_via_partition_root = true'),
    ]);
    expect(publicationWarnings(plan('disabled', t), whole)).toEqual([]);
    expect(publicationWarnings(plan('filtered', t), narrow)).toEqual([]);
  });
});
