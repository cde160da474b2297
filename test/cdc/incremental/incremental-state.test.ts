import {describe, expect, test} from 'vitest';
import {
  afterChunk,
  isIdle,
  matchesTable,
  nothingToRead,
  withRequest,
  withTablesFound,
  withTablesQueued,
  withoutTables,
} from '../../../src/cdc/incremental/incremental-state.ts';
import type {IncrementalState} from '../../../src/cdc/incremental/incremental-state.ts';
import {stateAtStart} from '../../../src/cdc/incremental/state-at-start.ts';

const reading: IncrementalState = {
  isPaused: false,
  requested: [],
  tables: [
    {table: 'a.b', rows: 3, after: ['3'], upTo: ['9']},
    {table: 'a.c', rows: 0},
  ],
};

describe('IncrementalState', () => {
  test('queues the tables of a request behind those that wait, each once, with its condition', () => {
    const requested = withRequest(reading, {
      kind: 'execute',
      collections: ['a\\..*'],
      filterOf: () => 'id > 5',
    });

    expect(withTablesFound(requested, ['a.c', 'a.d'])).toEqual({
      ...reading,
      tables: [...reading.tables, {table: 'a.d', filter: 'id > 5', rows: 0}],
    });
  });

  test('remembers the last key of a chunk, and the end that the first chunk has found', () => {
    const state = withTablesQueued(nothingToRead, ['a.b']);
    const first = afterChunk(state, {rows: 2, after: ['2'], upTo: ['7'], isLast: false});
    const second = afterChunk(first, {rows: 0, after: ['5'], upTo: ['7'], isLast: false});

    expect(first.tables).toEqual([{table: 'a.b', rows: 2, after: ['2'], upTo: ['7']}]);
    expect(second.tables).toEqual([{table: 'a.b', rows: 2, after: ['5'], upTo: ['7']}]);
  });

  test('goes on with the next table after the last chunk', () => {
    const state = afterChunk(reading, {rows: 1, after: ['9'], upTo: ['9'], isLast: true});

    expect(state.tables).toEqual([{table: 'a.c', rows: 0}]);
    expect(
      isIdle(afterChunk(state, {rows: 0, after: undefined, upTo: undefined, isLast: true})),
    ).toBe(true);
  });

  test('leaves tables out that are taken back, by name or by expression, or all', () => {
    expect(withoutTables(reading, ['a.b']).tables).toEqual([{table: 'a.c', rows: 0}]);
    expect(withoutTables(reading, ['a\\.[bc]']).tables).toEqual([]);
    expect(isIdle(withoutTables(reading, []))).toBe(true);
  });

  test.each([
    ['a.b', 'a.b', true],
    ['a.b', 'axb', true],
    ['a\\.b', 'axb', false],
    ['a.b', 'a.bc', false],
    ['a.(b', 'a.(b', true],
    ['a.(b', 'a.b', false],
  ])('matches %s with the whole name %s: %s', (pattern, table, expected) => {
    expect(matchesTable(pattern, table)).toBe(expected);
  });
});

describe('stateAtStart', () => {
  const offset = {lsn: 1n, systemId: 's'};

  test('is idle after a snapshot, and where an older version wrote the offset', () => {
    expect(stateAtStart(undefined, ['a.b'], 'initial')).toBe(nothingToRead);
    expect(isIdle(stateAtStart(offset, ['a.b'], 'initial'))).toBe(true);
  });

  test('goes on with what was left', () => {
    expect(stateAtStart({...offset, incremental: reading}, ['a.b', 'a.c'], 'initial')).toEqual(
      reading,
    );
  });

  test('reads the tables that an initial snapshot did not complete, and those that are new, once', () => {
    const durable = {...offset, snapshot: {completed: ['a.b']}, tables: ['a.b', 'a.c']};

    expect(stateAtStart(durable, ['a.b', 'a.c', 'a.d'], 'initial').tables).toEqual([
      {table: 'a.c', isInitial: true, rows: 0},
      {table: 'a.d', isInitial: true, rows: 0},
    ]);
  });

  test('wants no rows of new tables under `never`', () => {
    expect(isIdle(stateAtStart({...offset, tables: []}, ['a.b'], 'never'))).toBe(true);
  });
});
