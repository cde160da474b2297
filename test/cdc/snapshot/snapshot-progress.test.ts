import {describe, expect, test} from 'vitest';
import {SnapshotProgress} from '../../../src/cdc/snapshot/snapshot-progress.ts';

function progress(): SnapshotProgress {
  return new SnapshotProgress(
    [
      {table: 's.a', estimatedRows: 1_000},
      {table: 's.b', estimatedRows: 3_000},
    ],
    0,
  );
}

describe('SnapshotProgress', () => {
  test('waits at first, with no idea of the time that is left', () => {
    expect(progress().status(5_000)).toEqual({
      state: 'running',
      totalTableCount: 2,
      remainingTableCount: 2,
      rowsScanned: 0,
      durationInSeconds: 5,
      percent: 0,
      rowsPerSecond: 0,
      etaSeconds: null,
      tables: {
        's.a': waiting(1_000),
        's.b': waiting(3_000),
      },
    });
  });

  test('tells rows, share, rate and the time that is left, of each table and of all', () => {
    const snapshot = progress();

    snapshot.scanned('s.a', 200, false, 1_000);
    snapshot.scanned('s.a', 300, false, 2_000);

    expect(snapshot.status(3_000)).toMatchObject({
      rowsScanned: 500,
      percent: 12,
      rowsPerSecond: 167,
      etaSeconds: 21,
      tables: {
        's.a': {
          state: 'running',
          rowsScanned: 500,
          percent: 50,
          rowsPerSecond: 250,
          etaSeconds: 2,
        },
      },
    });
  });

  test('takes a table that has ended for as large as it was', () => {
    const snapshot = progress();

    snapshot.scanned('s.a', 3_000, true, 1_000);

    expect(snapshot.status(2_000)).toMatchObject({
      remainingTableCount: 1,
      percent: 50,
      etaSeconds: 2,
      tables: {'s.a': {state: 'completed', percent: 100, etaSeconds: 0}},
    });
  });

  test('is at 99 percent, without an end in sight, once more rows have come than were estimated', () => {
    const snapshot = new SnapshotProgress([{table: 's.a', estimatedRows: 10}], 0);

    snapshot.scanned('s.a', 20, false, 1_000);

    expect(snapshot.status(2_000)).toMatchObject({
      percent: 99,
      etaSeconds: null,
      tables: {'s.a': {percent: 99, estimatedRows: 10, etaSeconds: null}},
    });
  });

  test('stands still once it has ended', () => {
    const snapshot = progress();
    snapshot.scanned('s.a', 1_000, true, 1_000);
    snapshot.scanned('s.b', 0, true, 1_000);

    snapshot.end('completed', 2_000);
    snapshot.end('aborted', 3_000);

    expect(snapshot.status(60_000)).toMatchObject({
      state: 'completed',
      remainingTableCount: 0,
      durationInSeconds: 2,
      percent: 100,
      rowsPerSecond: 500,
      etaSeconds: 0,
    });
  });

  test('counts a table that nobody has announced', () => {
    const snapshot = new SnapshotProgress([], 0);

    expect(snapshot.scanned('s.new', 5, false, 1_000)).toBe(5);
    expect(snapshot.status(2_000)).toMatchObject({totalTableCount: 1, rowsScanned: 5});
  });
});

function waiting(estimatedRows: number): object {
  return {
    state: 'waiting',
    rowsScanned: 0,
    estimatedRows,
    percent: 0,
    rowsPerSecond: 0,
    etaSeconds: null,
  };
}
