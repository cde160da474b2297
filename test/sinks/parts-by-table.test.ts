import {describe, expect, test} from 'vitest';
import {partsByTable} from '../../src/sinks/parts-by-table.ts';
import type {SinkEntry} from '../../src/sinks/record-converter.ts';
import type {TableDefinition} from '../../src/sinks/table-definition.ts';

const narrow: TableDefinition = {name: 't', columns: []};
const wide: TableDefinition = {name: 't', columns: []};

function row(offset: number, table?: TableDefinition): SinkEntry {
  const record = {offset, key: null, value: null, timestamp: 0, headers: []};
  return {kind: 'row', offset, bytes: 1, key: null, value: null, timestamp: 0, record, table};
}

function parts(entries: readonly SinkEntry[], startOffset: number, nextOffset: number) {
  return partsByTable({entries, startOffset, nextOffset}, narrow).map(({table, batch}) => [
    table === narrow ? 'narrow' : 'wide',
    batch.entries.map(({offset}) => offset),
    batch.startOffset,
    batch.nextOffset,
  ]);
}

describe('partsByTable', () => {
  test('leaves a batch whole that needs no other table', () => {
    expect(parts([row(3), row(4, narrow)], 2, 9)).toEqual([['narrow', [3, 4], 2, 9]]);
    expect(parts([], 2, 9)).toEqual([['narrow', [], 2, 9]]);
  });

  test('cuts before the row that needs another one', () => {
    const entries = [row(3, narrow), row(5, wide), row(6), row(7, wide)];

    expect(parts(entries, 2, 9)).toEqual([
      ['narrow', [3], 2, 5],
      ['wide', [5, 6, 7], 5, 9],
    ]);
  });

  test('has no part before the first offset', () => {
    expect(parts([row(2, wide)], 2, 3)).toEqual([['wide', [2], 2, 3]]);
  });
});
