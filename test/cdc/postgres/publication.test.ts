import {describe, expect, test} from 'vitest';
import {publicationChanges} from '../../../src/cdc/postgres/publication.ts';

const whole = {allTables: false, allOperations: true, tables: ['a.t', 'b.u'], filtered: false};

describe('publicationChanges', () => {
  test('creates it for exactly the tables, with their names quoted', () => {
    expect(publicationChanges('p', undefined, ['a.t', 'A "b".x.y'])).toEqual([
      'CREATE PUBLICATION "p" FOR TABLE "a"."t", "A ""b"""."x.y" WITH (publish_via_partition_root = true)',
    ]);
  });

  test('leaves it alone when it fits, in any order, and when it publishes all tables', () => {
    expect(publicationChanges('p', whole, ['b.u', 'a.t'])).toEqual([]);
    expect(publicationChanges('p', {...whole, allTables: true, tables: []}, ['a.t'])).toEqual([]);
  });

  test('replaces other tables, row filters and column lists', () => {
    const set = ['ALTER PUBLICATION "p" SET TABLE "a"."t"'];
    expect(publicationChanges('p', whole, ['a.t'])).toEqual(set);
    expect(publicationChanges('p', {...whole, tables: ['a.t'], filtered: true}, ['a.t'])).toEqual(
      set,
    );
  });

  test('publishes all operations', () => {
    expect(publicationChanges('p', {...whole, allOperations: false}, ['a.t', 'b.u'])).toEqual([
      `ALTER PUBLICATION "p" SET (publish = 'insert, update, delete, truncate')`,
    ]);
  });
});
