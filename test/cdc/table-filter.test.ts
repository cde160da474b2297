import {array, assert, constantFrom, property, string, tuple} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {TableFilter} from '../../src/cdc/table-filter.ts';
import type {FilterLists} from '../../src/cdc/table-filter.ts';
import type {Relation} from '../../src/cdc/replication-source.ts';

function tables(lists: FilterLists, ...names: readonly (readonly [string, string])[]): string[] {
  const filter = new TableFilter(lists);
  return names
    .filter(([schema, table]) => filter.includesTable(schema, table))
    .map((name) => name.join('.'));
}

function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&');
}

/** A relation whose columns have these names. */
function relation(...columns: readonly string[]): Relation {
  return {
    oid: 1,
    schema: 's',
    table: 't',
    columns: columns.map((name) => ({
      name,
      typeOid: 25,
      typeModifier: -1,
      typeName: 'text',
      nullable: true,
    })),
    primaryKey: ['id'],
    replicaIdentity: 'default',
  };
}

describe('TableFilter', () => {
  test('matches whole names only', () => {
    const names = [
      ['customers', 'customers'],
      ['customers', 'customers_old'],
      ['old_customers', 'customers'],
    ] as const;

    expect(tables({tableIncludeList: ['customers.customers']}, ...names)).toEqual([
      'customers.customers',
    ]);
    expect(tables({tableIncludeList: ['a|customers.customers|b']}, ...names)).toEqual([
      'customers.customers',
    ]);
    expect(tables({tableExcludeList: ['customers']}, ...names)).toHaveLength(3);
  });

  test('takes names in any case, as Debezium does', () => {
    expect(tables({tableIncludeList: ['public.orders']}, ['Public', 'ORDERS'])).toHaveLength(1);
    expect(tables({schemaExcludeList: ['PUBLIC']}, ['public', 'orders'])).toEqual([]);
  });

  test.each([
    [
      'needs both of the schema and the table',
      {schemaIncludeList: ['a'], tableIncludeList: ['.*.t']},
      ['a.t'],
    ],
    ['leaves out either', {schemaExcludeList: ['b'], tableExcludeList: ['a.u']}, ['a.t']],
    ['captures everything without lists', {}, ['a.t', 'a.u', 'b.t']],
    ['does not restrict by an empty list', {tableIncludeList: []}, ['a.t', 'a.u', 'b.t']],
  ] as const)('%s', (_, lists, expected) => {
    expect(tables(lists, ['a', 't'], ['a', 'u'], ['b', 't'])).toEqual(expected);
  });

  test("never captures Postgres' own schemas and temporary tables", () => {
    const lists = {schemaIncludeList: ['.*'], tableIncludeList: ['.*']};

    expect(
      tables(
        lists,
        ['pg_catalog', 'pg_class'],
        ['information_schema', 'tables'],
        ['pg_temp_3', 't'],
        ['pg_toast', 't'],
        ['pgcrypto', 't'],
      ),
    ).toEqual(['pgcrypto.t']);
  });

  test('matches any name by its own text with what has a meaning escaped', () => {
    const name = string({unit: 'grapheme', minLength: 1});

    assert(
      property(name, name, name, (schema, table, other) => {
        const filter = new TableFilter({
          tableIncludeList: [`${escaped(schema)}\\.${escaped(table)}`],
        });
        expect(filter.includesTable(`x${schema}`, table)).toBe(false);
        expect(filter.includesTable(schema, `${table}${other}`)).toBe(false);
        expect(filter.includesTable(schema, table)).toBe(
          !/^(pg_|information_schema$)/.test(schema),
        );
      }),
    );
  });

  test('excludes exactly what the same list includes', () => {
    const names = tuple(constantFrom('a', 'b', 'ab'), constantFrom('t', 'u', 'tu'));
    const pattern = constantFrom('a.t', 'a.*', '.*u', '(a|b).t', '[ab]+.[tu]');

    assert(
      property(array(pattern, {minLength: 1}), names, (patterns, [schema, table]) => {
        const included = new TableFilter({tableIncludeList: patterns});
        const excluded = new TableFilter({tableExcludeList: patterns});
        expect(excluded.includesTable(schema, table)).toBe(!included.includesTable(schema, table));
      }),
    );
  });

  test('marks columns, and leaves a relation alone of which it excludes none', () => {
    const excluding = new TableFilter({columnExcludeList: ['s.t.secret.*', 's.t.id']});
    const including = new TableFilter({columnIncludeList: ['.*.id', 's.t.V']});
    const whole = relation('id', 'v', 'secret_1');
    const excluded = (filter: TableFilter): readonly (true | undefined)[] =>
      filter.markExcluded(whole).columns.map((column) => column.excluded);

    expect(excluded(excluding)).toEqual([true, undefined, true]);
    expect(excluded(including)).toEqual([undefined, undefined, true]);
    expect(excluding.markExcluded(relation('v'))).toEqual(relation('v'));
    expect(new TableFilter({}).markExcluded(whole)).toBe(whole);
  });

  test('knows the order of its patterns, and which of them match nothing', () => {
    const filter = new TableFilter({tableIncludeList: ['b.*', 'a.t', 'c.gone']});

    expect(filter.placeOf('b', 't')).toBe(0);
    expect(filter.placeOf('a', 't')).toBe(1);
    expect(filter.unmatched([{schema: 'a', table: 't'}])).toEqual(['b.*', 'c.gone']);
    expect(new TableFilter({}).placeOf('a', 't')).toBe(0);
  });

  test.each(['a.(b', '*', 'a)|(b', '\\Qa\\E'])('refuses %s', (pattern) => {
    expect(() => new TableFilter({tableExcludeList: [pattern]})).toThrow(SyntaxError);
  });

  test('streams the signal table whatever the lists say, and tells it from the others', () => {
    const filter = new TableFilter({tableIncludeList: ['a.b'], signalTable: 'ops.signals'});

    expect(filter.includesTable('ops', 'signals')).toBe(true);
    expect(filter.isSignalTable({schema: 'ops', table: 'signals'})).toBe(true);
    expect(filter.includesTable('ops', 'others')).toBe(false);
    expect(filter.isSignalTable({schema: 'a', table: 'b'})).toBe(false);
  });
});
