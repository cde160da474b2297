import {describe} from 'vitest';
import {chaosSuite} from '../suites/chaos-suite.ts';

describe('instances and brokers under kill -9 and SIGSTOP, for long', () => {
  chaosSuite({
    orders: 100_000,
    kills: 20,
    freezes: 5,
    brokers: 5,
    moves: 10,
    joins: 6,
    timeoutMs: 3_600_000,
  });
});
