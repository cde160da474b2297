import {describe, expect, test} from 'vitest';
import {snapshotParts} from '../../../../src/cdc/postgres/snapshot/snapshot-parts.ts';
import type {SnapshotTable} from '../../../../src/cdc/postgres/snapshot/snapshot-parts.ts';
import {column, relation} from '../../../support/scripted-source.ts';

function table(name: string, rest: Partial<SnapshotTable> = {}): SnapshotTable {
  const columns = [column('id'), column('a "b"')];
  return {
    relation: relation({schema: 's', table: name, columns}),
    partitioned: false,
    heaps: [{schema: 's', table: name, blocks: 5}],
    estimatedRows: 0,
    ...rest,
  };
}

function commands(tables: readonly SnapshotTable[], readers: number): [number, string][] {
  return snapshotParts(tables, {readers, rangeBlocks: 10}).map((part) => [
    part.table,
    part.command.replace('COPY (SELECT "id", "a ""b""" FROM ', '').replace(') TO STDOUT', ''),
  ]);
}

const partitioned = table('p', {
  partitioned: true,
  heaps: [
    {schema: 's', table: 'p1', blocks: 0},
    {schema: 'other', table: 'p2', blocks: 11},
  ],
});

describe('snapshotParts', () => {
  test('has one command for each table where there is one reader, whatever its size', () => {
    const big = table('big', {heaps: [{schema: 's', table: 'big', blocks: 1000}]});

    expect(commands([table('t'), big, partitioned], 1)).toEqual([
      [0, 'ONLY "s"."t"'],
      [1, 'ONLY "s"."big"'],
      [2, '"s"."p"'],
    ]);
  });

  test('cuts large heaps into ranges of blocks for several readers, the last without an end', () => {
    const big = table('big', {heaps: [{schema: 's', table: 'big', blocks: 21}]});

    expect(commands([table('t'), big], 2)).toEqual([
      [0, 'ONLY "s"."t"'],
      [1, `ONLY "s"."big" WHERE ctid >= '(0,0)' AND ctid < '(10,0)'`],
      [1, `ONLY "s"."big" WHERE ctid >= '(10,0)' AND ctid < '(20,0)'`],
      [1, `ONLY "s"."big" WHERE ctid >= '(20,0)'`],
    ]);
  });

  test('leaves a heap of exactly one range whole', () => {
    const full = table('full', {heaps: [{schema: 's', table: 'full', blocks: 10}]});

    expect(commands([full], 2)).toEqual([[0, 'ONLY "s"."full"']]);
  });

  test('reads the partitions by themselves for several readers, with the columns of the partitioned table', () => {
    expect(commands([partitioned], 2)).toEqual([
      [0, 'ONLY "s"."p1"'],
      [0, `ONLY "other"."p2" WHERE ctid >= '(0,0)' AND ctid < '(10,0)'`],
      [0, `ONLY "other"."p2" WHERE ctid >= '(10,0)'`],
    ]);
  });

  test('reads the rows of a SELECT in one piece, whatever the table is', () => {
    const some = {...partitioned, select: 'SELECT * FROM s.p WHERE id > 1 -- most'};

    expect(commands([some], 4)).toEqual([
      [0, '(SELECT * FROM s.p WHERE id > 1 -- most\n) AS selected'],
    ]);
  });

  test('goes through the partitioned table where its partitions cannot be read by themselves', () => {
    expect(commands([table('p', {partitioned: true, heaps: []})], 4)).toEqual([[0, '"s"."p"']]);
  });
});
