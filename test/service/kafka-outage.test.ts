import {beforeEach, describe, expect, test} from 'vitest';
import {Conditions} from '../../src/common/conditions.ts';
import type {Logger} from '../../src/common/logger.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {KafkaOutage, isKafkaOut} from '../../src/service/kafka-outage.ts';

const outage = {since: Date.UTC(2026, 0, 1), reason: 'a:1: connect ECONNREFUSED'};

describe('KafkaOutage', () => {
  let conditions: Conditions;
  let logged: string[];
  let watched: KafkaOutage;

  beforeEach(() => {
    logged = [];
    const logger: Logger = {
      ...silentLogger,
      error: (_, message) => logged.push(`error ${message}`),
      info: (_, message) => logged.push(`info ${message}`),
    };
    conditions = new Conditions({logger});
    watched = new KafkaOutage(['a:1', 'b:2'], {conditions, logger});
  });

  test('raises the condition with the servers, the beginning, the reason and the remedy', () => {
    watched.seen(outage);

    expect(conditions.list()).toEqual([
      {
        code: 'KAFKA_UNREACHABLE',
        subject: 'kafka',
        message:
          'Kafka at a:1, b:2: no broker has answered since 2026-01-01T00:00:00.000Z (a:1: connect ECONNREFUSED); check the brokers, bootstrap.servers and the network. Nothing is lost: it goes on by itself when they answer.',
      },
    ]);
    expect(isKafkaOut(conditions)).toBe(true);
  });

  test('writes one line when it begins and one when it is over, however long it lasts', () => {
    for (let look = 0; look < 60; look++) watched.seen(outage);
    watched.seen(undefined);
    watched.seen(undefined);

    expect(logged).toEqual([
      expect.stringMatching(/^error Kafka at a:1, b:2: no broker has answered/),
      'info KAFKA_UNREACHABLE is over',
    ]);
    expect(conditions.list()).toEqual([]);
    expect(isKafkaOut(conditions)).toBe(false);
  });

  test('leaves the conditions of components to them', () => {
    const own = {code: 'KAFKA_UNREACHABLE', subject: 'streams', message: 'no leader'} as const;
    conditions.raise(own);

    watched.seen(outage);
    watched.seen(undefined);

    expect(conditions.list()).toEqual([own]);
    expect(isKafkaOut(conditions)).toBe(false);
  });
});
