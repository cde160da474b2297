import {beforeEach, describe, expect, test} from 'vitest';
import {Conditions} from '../../../../src/common/conditions.ts';
import {silentLogger} from '../../../../src/common/logger.ts';
import {Retry} from '../../../../src/cdc/postgres/connection/retry.ts';
import type {RetryLimits} from '../../../../src/cdc/postgres/connection/retry.ts';
import {slotDefaults} from '../../../../src/cdc/postgres/slot/slot-options.ts';
import {ManualClock} from '../../../support/manual-clock.ts';
import {RecordedMetrics} from '../../../support/recorded-metrics.ts';

const unreachable = Object.assign(new Error('no answer'), {code: 'ECONNREFUSED'});
const inUse = Object.assign(new Error('slot "camel" is active for PID 7'), {code: '55006'});
const context = {
  name: 'camel',
  hostname: 'db',
  port: 5432,
  dbname: 'shop',
  user: 'u',
  password: 'p',
  sslmode: 'disable',
  slotName: 'camel',
  publicationName: 'pub',
} as const;

/** Fails with `error` until it gives up, or `limit` times; how it gave up. */
async function failWith(retry: Retry, error: unknown, limit = 100): Promise<unknown> {
  try {
    for (let n = 0; n < limit; n++) await retry.after(error, new AbortController().signal);
    return undefined;
  } catch (fatal) {
    const {name, code} = fatal as Error & {code: string};
    return `${name} ${code}`;
  }
}

describe('Retry', () => {
  let clock: ManualClock;
  let conditions: Conditions;
  let metrics: RecordedMetrics;
  let waits: number[];

  beforeEach(() => {
    clock = new ManualClock();
    conditions = new Conditions();
    metrics = new RecordedMetrics();
    waits = [];
    clock.sleep = async (ms) => {
      waits.push(ms);
      clock.advance(ms);
    };
  });

  function retryWith(limits: Partial<RetryLimits>): Retry {
    const deps = {clock, logger: silentLogger, conditions, metrics, random: () => 0.5};
    return new Retry(deps, context, {
      patienceMs: Infinity,
      maxRetries: -1,
      slot: slotDefaults,
      ...limits,
    });
  }

  test('waits twice as long each time, five seconds at most, and without end', async () => {
    expect(await failWith(retryWith({}), unreachable, 10)).toBeUndefined();
    expect(waits).toEqual([375, 750, 1500, 3000, 3750, 3750, 3750, 3750, 3750, 3750]);
    expect(conditions.list()).toMatchObject([{code: 'CDC_CONNECTION_FAILED'}]);
    const labels = {component: 'source camel', code: 'CDC_CONNECTION_FAILED'};
    expect(metrics.counter('millrace_retries_total', labels)).toBe(10);
  });

  test('says once in the log that a condition is over, and not before each attempt', async () => {
    const over: string[] = [];
    conditions = new Conditions({logger: {info: (_, message) => over.push(message)}});
    const retry = retryWith({});

    await failWith(retry, unreachable, 5);
    const during = [...over];
    retry.succeeded();

    expect(during).toEqual([]);
    expect(over).toEqual(['CDC_CONNECTION_FAILED is over']);
  });

  test('starts anew after a success, which ends the condition', async () => {
    const retry = retryWith({maxRetries: 3});
    await failWith(retry, unreachable, 3);

    retry.succeeded();

    expect(conditions.list()).toEqual([]);
    expect(await failWith(retry, unreachable, 3)).toBeUndefined();
  });

  test('gives up after errors.max.retries, and when its time is over', async () => {
    expect(await failWith(retryWith({maxRetries: 3}), unreachable)).toBe(
      'FatalError CDC_CONNECTION_FAILED',
    );
    expect(waits).toHaveLength(3);
    expect(await failWith(retryWith({patienceMs: 10_000}), unreachable)).toBe(
      'FatalError CDC_CONNECTION_FAILED',
    );
    expect(waits).toHaveLength(3 + 5);
  });

  test('check 35: tries for a slot in use slot.max.retries times, whatever holds for other errors', async () => {
    const slot = {maxRetries: 2, retryDelayMs: 700};

    expect(await failWith(retryWith({slot, maxRetries: 0, patienceMs: 0}), inUse)).toBe(
      'FatalError CDC_SLOT_IN_USE',
    );
    expect(waits).toEqual([700, 700]);
  });

  test.each([
    ['28P01', 'password authentication failed', 'CDC_AUTHENTICATION_FAILED'],
    ['28000', 'role "u" does not exist', 'CDC_AUTHENTICATION_FAILED'],
    ['3D000', 'database "shop" does not exist', 'CDC_DATABASE_MISSING'],
    ['42501', 'permission denied for table t', 'CDC_PERMISSION_DENIED'],
    ['42704', 'replication slot "camel" does not exist', 'CDC_SLOT_LOST'],
    ['42704', 'publication "pub" does not exist', 'CDC_PUBLICATION_INVALID'],
    ['55000', 'can no longer get changes from replication slot "camel"', 'CDC_SLOT_LOST'],
    ['55000', 'logical decoding requires wal_level >= logical', 'CDC_WAL_LEVEL'],
    ['53400', 'all replication slots are in use', 'CDC_SLOT_BLOCKED'],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'CDC_TLS_FAILED'],
  ])('check 45: does not try again after %s: %s', async (code, message, expected) => {
    const error = Object.assign(new Error(message), {code});

    expect(await failWith(retryWith({}), error)).toBe(`FatalError ${expected}`);
    expect(waits).toEqual([]);
  });

  test.each([
    ['57P01', 'terminating connection due to administrator command'],
    ['57P03', 'the database system is starting up'],
    ['08006', 'connection failure'],
    ['53300', 'sorry, too many clients already'],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND db'],
    ['ETIMEDOUT', 'connect ETIMEDOUT'],
    [
      'ECONNRESET',
      'Client network socket disconnected before secure TLS connection was established',
    ],
    ['', 'Connection terminated unexpectedly'],
    ['', 'timeout expired'],
  ])('check 45: tries again after %s: %s', async (code, message) => {
    const error = Object.assign(new Error(message), code === '' ? {} : {code});

    expect(await failWith(retryWith({}), error, 1)).toBeUndefined();
    expect(conditions.list()).toMatchObject([{code: 'CDC_CONNECTION_FAILED'}]);
  });
});
