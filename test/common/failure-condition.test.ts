import {expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {FailureCondition} from '../../src/common/failure-condition.ts';

test('tells the last failure until the next success, and says which one is news', () => {
  const conditions = new Conditions();
  const condition = new FailureCondition(conditions, 'kafka');
  const told = (): readonly string[] => conditions.list().map(({message}) => message);

  expect(condition.failed({code: 'KAFKA_UNREACHABLE', message: 'away'})).toBe(true);
  expect(condition.failed({code: 'KAFKA_UNREACHABLE', message: 'still away'})).toBe(false);
  expect(told()).toEqual(['still away']);

  expect(condition.failed({code: 'KAFKA_TLS_FAILED', message: 'no trust'})).toBe(true);
  expect(told()).toEqual(['no trust']);

  condition.succeeded();
  condition.succeeded();
  expect(told()).toEqual([]);
  expect(condition.failed({code: 'KAFKA_TLS_FAILED', message: 'again'})).toBe(true);
});
