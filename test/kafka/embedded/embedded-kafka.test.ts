import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe} from 'vitest';

import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {kafkaClientSuite} from '../../suites/kafka-client-suite.ts';

async function cluster(options: {cacheBytes?: number} = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const kafka = await EmbeddedKafka.open({
    directory,
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  return {
    connect: async () => kafka.connect(),
    close: async () => {
      await kafka.close();
      await rm(directory, {recursive: true});
    },
  };
}

describe('EmbeddedKafka', () => {
  kafkaClientSuite(() => cluster());
});

describe('EmbeddedKafka without a cache', () => {
  kafkaClientSuite(() => cluster({cacheBytes: 0}));
});
