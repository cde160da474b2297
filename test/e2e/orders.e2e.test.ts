import {join} from 'node:path';
import {describe, inject} from 'vitest';
import {systemClock} from '../../src/common/clock.ts';
import {silentLogger} from '../../src/common/logger.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {serviceSuite} from '../suites/service-suite.ts';
import type {EmittedRecord} from '../suites/service-suite.ts';
import {openPipeline} from '../support/open-pipeline.ts';

async function readTopic(directory: string, topic: string): Promise<readonly EmittedRecord[]> {
  const kafka = await EmbeddedKafka.open({directory, clock: systemClock, logger: silentLogger});
  const [end] = await kafka.admin.offsets([{topic, partition: 0}]);
  const fetcher = kafka.fetcher({isolation: 'read_committed'});
  fetcher.assign({topic, partition: 0}, end?.earliest ?? 0);
  const records: EmittedRecord[] = [];
  while ((fetcher.position({topic, partition: 0}) ?? 0) < (end?.latest ?? 0))
    for (const answer of await fetcher.poll(1000))
      for (const {offset, value} of answer.records)
        records.push({partition: 0, offset, value: value ?? Buffer.alloc(0)});
  await fetcher.close();
  await kafka.close();
  return records;
}

describe('the service under kill -9, on the embedded log', () => {
  serviceSuite(
    async (options) => {
      const pipeline = await openPipeline(inject('postgresPort'), options);
      return {
        pipeline,
        readTopic: (topic) => readTopic(join(pipeline.directory, 'data', 'log'), topic),
        close: () => pipeline.close(),
      };
    },
    {
      isOneTask: true,
      joins: {kills: 22, orders: 20_000},
      deletes: {kills: 4, orders: 3_000},
    },
  );
});
