import {beforeEach, describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import {FatalError, RetriableError} from '../../src/common/errors.ts';
import type {TopicAdmin} from '../../src/kafka/client.ts';
import {serviceStatus, unreadyReasons, warningsOf} from '../../src/service/service-status.ts';
import {ManualClock} from '../support/manual-clock.ts';

const component = {
  name: 'streams',
  run: () => Promise.resolve(),
  status: () => ({state: 'running'}) as const,
};

describe('serviceStatus', () => {
  let clock: ManualClock;
  let conditions: Conditions;

  beforeEach(() => {
    clock = new ManualClock();
    conditions = new Conditions();
  });

  function statusWith(describeTopics: () => Promise<readonly never[]>) {
    const admin = {
      describeTopics,
      offsets: () =>
        Promise.resolve([{topic: 'orders', partition: 0, earliest: 1, latest: 7, stable: 7}]),
    } as Partial<TopicAdmin> as TopicAdmin;
    return serviceStatus([component], ['orders'], {conditions, admin, clock});
  }

  test('shows components, log ends and conditions', async () => {
    const condition = {code: 'SINK_FENCED', subject: 'sink local', message: 'two'} as const;
    conditions.raise(condition);

    expect(await statusWith(() => Promise.resolve([]))).toEqual({
      components: {streams: {state: 'running'}},
      logEnds: {'orders-0': 7},
      conditions: [condition],
    });
  });

  test('does not wait for a Kafka that does not answer', async () => {
    const asked = statusWith(() => new Promise(() => undefined));
    clock.advance(5000);

    expect(await asked).toMatchObject({components: {streams: {}}, logEnds: null});
  });

  test('does not even ask while Kafka is out', async () => {
    const out = {code: 'KAFKA_UNREACHABLE', subject: 'kafka', message: 'no answer'} as const;
    conditions.raise(out);

    const status = await statusWith(() => Promise.reject(new Error('was asked')));

    expect(status).toMatchObject({logEnds: null, conditions: [out]});
  });

  test('goes without log ends when they cannot be had now, and fails when never', async () => {
    const later = new RetriableError('KAFKA_UNREACHABLE', 'no leader');
    const never = new FatalError('KAFKA_AUTHORIZATION_FAILED', 'grant DESCRIBE');

    expect(await statusWith(() => Promise.reject(later))).toMatchObject({logEnds: null});
    await expect(statusWith(() => Promise.reject(never))).rejects.toBe(never);
  });
});

describe('unreadyReasons', () => {
  test('names conditions that stop the work, and no warnings: those are told apart', () => {
    const conditions = new Conditions();
    conditions.raise({code: 'CDC_STALLED', subject: 'source camel', message: 'nothing comes'});
    conditions.raise({
      code: 'CDC_WAL_AT_RISK',
      subject: 'source camel',
      message: 'little is left',
      severity: 'warning',
    });

    expect(unreadyReasons([component], conditions)).toEqual([
      'CDC_STALLED (source camel): nothing comes',
    ]);
    expect(warningsOf(conditions)).toEqual(['CDC_WAL_AT_RISK (source camel): little is left']);
  });
});
