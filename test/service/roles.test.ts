import {describe, expect, test} from 'vitest';
import type {KafkaConfig} from '../../src/config/kafka-config.ts';
import {allRoles, checkRoles} from '../../src/service/roles.ts';

describe('checkRoles', () => {
  test('lets one process do everything, whatever it runs on', () => {
    expect(() => checkRoles(allRoles, {kafka: undefined})).not.toThrow();
  });

  test('lets processes share the work on Kafka', () => {
    expect(() => checkRoles(['sinks'], {kafka: {} as KafkaConfig})).not.toThrow();
  });

  test('refuses a part of the work on the embedded log', () => {
    expect(() => checkRoles(['cdc', 'sinks'], {kafka: undefined})).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('--roles cdc,sinks: the embedded log has one process'),
      }),
    );
  });
});
