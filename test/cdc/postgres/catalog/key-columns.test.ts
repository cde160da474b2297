import {describe, expect, test} from 'vitest';
import type {CatalogTable} from '../../../../src/cdc/postgres/catalog/column-catalog.ts';
import {
  keyColumns,
  keyCondition,
  keyColumnsOf,
  keyRemark,
} from '../../../../src/cdc/postgres/catalog/key-columns.ts';
import type {RelationMessage} from '../../../../src/cdc/postgres/stream/pgoutput.ts';

const table: CatalogTable = {
  oid: 1,
  schema: 's',
  table: 't',
  kind: 'r',
  replicaIdentity: 'default',
  primaryKey: ['b', 'a'],
  uniqueKey: [],
  identityColumns: [],
  columns: [],
  selectable: true,
};

/** The table in the WAL; those of `identity` belong to its replica identity. */
function message(
  replicaIdentity: RelationMessage['replicaIdentity'],
  columns: readonly string[],
  identity: readonly string[],
): RelationMessage {
  return {
    tag: 'relation',
    oid: 1,
    schema: 's',
    table: 't',
    replicaIdentity,
    columns: columns.map((name) => ({
      name,
      typeOid: 25,
      typeModifier: -1,
      key: identity.includes(name),
    })),
  };
}

describe('keyColumns', () => {
  test.each([
    ['the primary key', {}, ['b', 'a']],
    ['a unique index without one', {primaryKey: [], uniqueKey: ['u']}, ['u']],
    ['nothing without either', {primaryKey: []}, []],
    [
      'the primary key where the identity index has it',
      {replicaIdentity: 'index', identityColumns: ['a', 'b', 'c']},
      ['b', 'a'],
    ],
    [
      'the identity index where it leaves a part of the primary key out',
      {replicaIdentity: 'index', identityColumns: ['a', 'c']},
      ['a', 'c'],
    ],
    [
      'the identity index before another unique one',
      {replicaIdentity: 'index', primaryKey: [], identityColumns: ['c'], uniqueKey: ['a']},
      ['c'],
    ],
  ] as const)('check 9: are those of %s', (_, rest, key) => {
    expect(keyColumns({...table, ...rest})).toEqual(key);
  });
});

describe('keyColumnsOf', () => {
  test('are in the order of the key, of which the message has the columns', () => {
    expect(keyColumnsOf(message('default', ['a', 'b', 'c'], ['a', 'b']), table)).toEqual([
      'b',
      'a',
    ]);
  });

  test('are those of the time of the change where the primary key is another one by now', () => {
    const past = message('default', ['a', 'old'], ['old']);

    expect([keyColumnsOf(past, table), keyColumnsOf(past, undefined)]).toEqual([['old'], ['old']]);
  });

  test('are those of the identity index of that time', () => {
    const past = message('index', ['a', 'b', 'code'], ['code']);

    expect(keyColumnsOf(past, {...table, replicaIdentity: 'full'})).toEqual(['code']);
  });

  test('are none where the message does not have all of them', () => {
    expect(keyColumnsOf(message('full', ['a', 'renamed'], ['a', 'renamed']), table)).toEqual([]);
    expect(keyColumnsOf(message('nothing', ['a', 'b'], []), table)).toEqual(['b', 'a']);
  });
});

describe('keyRemark', () => {
  test('says what the events are keyed by where it is not the primary key', () => {
    const remarks = [
      table,
      {...table, primaryKey: []},
      {...table, primaryKey: [], uniqueKey: ['u']},
      {...table, replicaIdentity: 'index' as const, identityColumns: ['c']},
    ].map(keyRemark);

    expect(remarks).toEqual([
      undefined,
      expect.stringContaining('have no key'),
      expect.stringContaining('are keyed by its unique u'),
      expect.stringContaining('are keyed by the columns of that index, c'),
    ]);
  });
});

const remedyOf = (facts: Partial<CatalogTable>): string | undefined =>
  keyCondition({name: 'camel', where: 'source camel'}, {...table, ...facts})?.message.replace(
    /.*; run /,
    '',
  );

describe('keyCondition', () => {
  test.each([
    ['a primary key', {}, undefined],
    ['FULL', {primaryKey: [], replicaIdentity: 'full'}, undefined],
    ['an identity index', {replicaIdentity: 'index', identityColumns: ['c']}, undefined],
    [
      'no key',
      {primaryKey: []},
      'ALTER TABLE "s"."t" ADD PRIMARY KEY (…), or ALTER TABLE "s"."t" REPLICA IDENTITY FULL',
    ],
    ['NOTHING', {replicaIdentity: 'nothing'}, 'ALTER TABLE "s"."t" REPLICA IDENTITY DEFAULT'],
    [
      'NOTHING and no key',
      {replicaIdentity: 'nothing', primaryKey: []},
      'ALTER TABLE "s"."t" REPLICA IDENTITY FULL',
    ],
    [
      'an identity index that was dropped',
      {replicaIdentity: 'index'},
      'ALTER TABLE "s"."t" REPLICA IDENTITY DEFAULT',
    ],
  ] as const)('has the remedy for a table with %s', (_what, facts, remedy) => {
    expect(remedyOf(facts)).toBe(remedy);
  });
});
