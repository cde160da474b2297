import {beforeEach, describe, expect, test} from 'vitest';
import {StatementFaults} from './statement-faults.ts';

let faults: StatementFaults;

beforeEach(() => {
  faults = new StatementFaults();
});

describe('StatementFaults', () => {
  test('notes every statement and lets it through while nothing is armed', () => {
    expect(take('BEGIN', 'COMMIT')).toEqual([undefined, undefined]);

    expect(faults.statements).toEqual(['BEGIN', 'COMMIT']);
  });

  test('meets the next statement, and none behind it', () => {
    faults.arm('reset');

    expect(take('BEGIN', 'COMMIT')).toEqual(['reset', undefined]);
  });

  test('meets as many statements as it was armed for, from the one named', () => {
    take('CREATE');
    faults.arm('unavailable', 2, 2);

    expect(take('BEGIN', 'INSERT', 'UPDATE', 'COMMIT')).toEqual([
      undefined,
      'unavailable',
      'unavailable',
      undefined,
    ]);
  });

  test('meets the first statement that matches', () => {
    faults.arm('answer-lost', /^COMMIT/);

    expect(take('BEGIN', 'COMMIT', 'COMMIT')).toEqual([undefined, 'answer-lost', undefined]);
  });

  test('meets as many statements that match as it was armed for, whatever comes between them', () => {
    faults.arm('held', /^ALTER/, 2);

    expect(take('ALTER', 'DESCRIBE', 'ALTER', 'ALTER')).toEqual([
      'held',
      undefined,
      'held',
      undefined,
    ]);
  });

  test('counts statements for each fault that is armed', () => {
    faults.arm('reset', 1);
    faults.arm('fails-before', 3);

    expect(take('BEGIN', 'BEGIN', 'INSERT')).toEqual(['reset', undefined, 'fails-before']);
  });

  test('meets each statement that is said to be met, and no other', () => {
    faults.arm('reset', (sql) => sql === 'COMMIT', 2);

    expect(take('BEGIN', 'COMMIT', 'BEGIN', 'COMMIT', 'COMMIT')).toEqual([
      undefined,
      'reset',
      undefined,
      'reset',
      undefined,
    ]);
  });

  test('lets the older of two faults meet a statement, and the other the next one', () => {
    faults.arm('reset', 2);
    faults.arm('unavailable', 2);

    expect(take('BEGIN', 'COMMIT', 'BEGIN')).toEqual([undefined, 'reset', 'unavailable']);
  });

  test('tells when the statement that was armed last has arrived', async () => {
    const seen: string[] = [];
    faults.arm('hangs-before', 2);
    const waiting = faults.whenReached.then(() => seen.push('reached'));

    take('BEGIN');
    seen.push('BEGIN');
    await Promise.resolve();
    take('COMMIT');
    await waiting;

    expect(seen).toEqual(['BEGIN', 'reached']);
  });

  test.each(['held', 'commits-late'] as const)('%s: waits until it is released', async (fault) => {
    const seen: string[] = [];
    faults.arm(fault);
    expect(take('COMMIT')).toEqual([fault]);
    const held = faults.whenReleased.then(() => seen.push('COMMIT'));

    seen.push('others');
    await Promise.resolve();
    faults.release();
    await held;

    expect(seen).toEqual(['others', 'COMMIT']);
  });

  test('forgets statements and faults when it is cleared', () => {
    take('BEGIN');
    faults.arm('reset');

    faults.clear();

    expect(take('COMMIT')).toEqual([undefined]);
    expect(faults.statements).toEqual(['COMMIT']);
  });
});

function take(...statements: readonly string[]) {
  return statements.map((sql) => faults.take(sql));
}
