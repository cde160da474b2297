import {expect, test} from 'vitest';
import {longWork} from '../../../src/service/status/long-work.ts';

const table = {rowsScanned: 50, estimatedRows: 200, etaSeconds: 6};

test('tells the tables that a snapshot reads now, and the stores that are being restored', () => {
  expect(
    longWork({
      'source camel': {
        state: 'running',
        snapshot: {
          state: 'running',
          tables: {
            'a.done': {...table, state: 'completed'},
            'a.now': {...table, state: 'running'},
            'a.guess': {state: 'running', rowsScanned: 7, estimatedRows: 0, etaSeconds: null},
            'a.later': {...table, state: 'waiting'},
          },
        },
      },
      streams: {
        state: 'starting',
        restored: {
          'app-x-changelog-0': {records: 5, restored: 10, total: 100},
          'app-y-changelog-0': {records: 5, restored: 100, total: 100},
        },
      },
      'sink local': {state: 'running', rowsWritten: 1},
    }),
  ).toEqual([
    {label: 'source camel: snapshot of a.now', done: 50, total: 200, unit: 'rows', etaSeconds: 6},
    {label: 'source camel: snapshot of a.guess', done: 7, total: 0, unit: 'rows'},
    {label: 'restores app-x-changelog-0', done: 10, total: 100, unit: 'offsets'},
  ]);
});

test('is nothing when nothing takes long', () => {
  expect(
    longWork({
      'source camel': {
        state: 'running',
        snapshot: {state: 'completed', tables: {'a.b': {...table, state: 'running'}}},
      },
      streams: {state: 'running', restored: {}},
    }),
  ).toEqual([]);
});
