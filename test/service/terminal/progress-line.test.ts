import {describe, expect, test} from 'vitest';
import {duration, progressLine} from '../../../src/service/terminal/progress-line.ts';

describe('progressLine', () => {
  test('shows how much is done, as a bar and in numbers', () => {
    expect(
      progressLine({label: 'a.b', done: 250, total: 1000, unit: 'rows', etaSeconds: 3}, 200),
    ).toBe('a.b  [######------------------]  25 %  250 of 1,000 rows, about 3 s left');
  });

  test('is full when there is more than was thought, and empty when nobody knows', () => {
    expect(progressLine({label: 'x', done: 12, total: 10, unit: 'rows'}, 200)).toBe(
      'x  [########################] 100 %  12 of 10 rows',
    );
    expect(progressLine({label: 'x', done: 12, total: 0, unit: 'rows'}, 200)).toBe(
      'x  [------------------------]   0 %  12 rows',
    );
  });

  test('is never wider than the terminal', () => {
    expect(
      progressLine({label: 'long'.repeat(9), done: 1, total: 2, unit: 'rows'}, 30),
    ).toHaveLength(30);
  });
});

test.each([
  [0.4, '0 s'],
  [59, '59 s'],
  [60, '1 min'],
  [3599, '1 h 0 min'],
  [7500, '2 h 5 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
