import {describe, expect, test} from 'vitest';
import {replicaIdentityChanges} from '../../../../src/cdc/postgres/catalog/replica-identity.ts';
import {foundTable} from './found-table.ts';

describe('replicaIdentityChanges', () => {
  test('gives each captured table the identity of the first rule that matches', () => {
    const found = ['a', 'b', 'c', 'd', 'e'].map((table) => foundTable('s', table));
    const rules = [
      {tables: 's.a', identity: 'nothing'},
      {tables: 's.b', identity: 'index', index: 'b "key"'},
      {tables: 's.[abc]', identity: 'full'},
      {tables: 's.e', identity: 'full'},
    ] as const;

    expect(replicaIdentityChanges(found, found.slice(0, 4), rules)).toEqual([
      'ALTER TABLE "s"."a" REPLICA IDENTITY NOTHING',
      'ALTER TABLE "s"."b" REPLICA IDENTITY USING INDEX "b ""key"""',
      'ALTER TABLE "s"."c" REPLICA IDENTITY FULL',
    ]);
  });

  test('leaves a table alone that has it', () => {
    const full = foundTable('s', 'full', {replicaIdentity: 'full'});
    const index = foundTable('s', 'index', {replicaIdentity: 'index', identityIndex: 'i'});
    const found = [full, index];

    expect(
      replicaIdentityChanges(found, found, [
        {tables: 's.full', identity: 'full'},
        {tables: 's.index', identity: 'index', index: 'i'},
      ]),
    ).toEqual([]);
    expect(
      replicaIdentityChanges(found, found, [{tables: 's.index', identity: 'index', index: 'j'}]),
    ).toHaveLength(1);
  });

  test('reaches the partitions of a captured table', () => {
    const root = foundTable('s', 'p', {kind: 'p'});
    const leaf = foundTable('s', 'p_1', {ancestors: [root.oid]});

    expect(
      replicaIdentityChanges([root, leaf], [root], [{tables: 's.p.*', identity: 'full'}]),
    ).toEqual([
      'ALTER TABLE "s"."p" REPLICA IDENTITY FULL',
      'ALTER TABLE "s"."p_1" REPLICA IDENTITY FULL',
    ]);
  });
});
