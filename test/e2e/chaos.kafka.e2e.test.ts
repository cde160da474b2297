import {describe} from 'vitest';
import {chaosSuite} from '../suites/chaos-suite.ts';

/** The short form of `npm run soak`. */
describe('instances and brokers under kill -9 and SIGSTOP', () => {
  chaosSuite({
    orders: 4_000,
    kills: 4,
    freezes: 1,
    brokers: 1,
    moves: 2,
    joins: 2,
    timeoutMs: 300_000,
  });
});
