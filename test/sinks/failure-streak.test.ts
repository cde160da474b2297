import {describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {RetriableError, TaskError} from '../../src/common/errors.ts';
import {FailureStreak} from '../../src/sinks/failure-streak.ts';

const unreachable = new RetriableError('SINK_UNREACHABLE', 'no answer');

describe('FailureStreak', () => {
  test('doubles the first pause up to half a minute', () => {
    const streak = new FailureStreak(new Conditions(), 'sink local', 500);

    const pauses = Array.from({length: 9}, () => streak.failed(unreachable));

    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('waits five seconds at most where it is not the warehouse that fails', () => {
    const kafka = new RetriableError('KAFKA_UNREACHABLE', 'no broker');
    const pausesOf = (first: number): readonly number[] => {
      const streak = new FailureStreak(new Conditions(), 'sink local', first);
      return Array.from({length: 6}, () => streak.failed(kafka));
    };

    expect(pausesOf(500)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect(pausesOf(8000)).toEqual([8000, 8000, 8000, 8000, 8000, 8000]);
  });

  test('begins anew after a success', () => {
    const streak = new FailureStreak(new Conditions(), 'sink local', 500);
    streak.failed(unreachable);
    streak.failed(unreachable);

    streak.succeeded();

    expect(streak.failed(unreachable)).toBe(500);
  });

  test('raises the condition until a success', () => {
    const conditions = new Conditions();
    const streak = new FailureStreak(conditions, 'sink local', 500);

    streak.failed(unreachable);
    expect(conditions.list()).toEqual([
      {code: 'SINK_UNREACHABLE', subject: 'sink local', message: 'no answer'},
    ]);
    streak.succeeded();

    expect(conditions.list()).toEqual([]);
  });

  test('shows the last failure only', () => {
    const conditions = new Conditions();
    const streak = new FailureStreak(conditions, 'sink local', 500);
    streak.failed(unreachable);

    streak.failed(new TaskError('SINK_FENCED', 'taken over'));

    expect(conditions.list()).toMatchObject([{code: 'SINK_FENCED', message: 'taken over'}]);
  });
});
