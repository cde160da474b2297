import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {silentLogger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {until} from '../../support/until.ts';

test('EmbeddedKafka keeps a transaction open for as long as was asked for, where others time out', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  const clock = new ManualClock();
  const kafka = await EmbeddedKafka.open({directory, clock, logger: silentLogger});
  await kafka.admin.ensureTopics([{name: 'rows', partitions: 1, cleanupPolicy: 'delete'}]);
  const of = {topic: 'rows', partition: 0};
  const patient = kafka.transactionalProducer('patient', {timeoutMs: 900_000});
  const other = kafka.transactionalProducer('other');
  for (const by of [patient, other]) {
    await by.init();
    by.begin();
    const value = Buffer.from('late');
    await by.send([{...of, records: [{key: null, value, timestamp: 1, headers: []}]}]);
  }

  clock.advance(899_000);
  await until('the other one is aborted', async () => {
    const [log] = await kafka.admin.offsets([of]);
    return log?.latest === 3;
  });

  await patient.commit();
  const [log] = await kafka.admin.offsets([of]);
  expect(log?.stable).toBe(4);
  await expect(other.commit()).rejects.toMatchObject({code: 'KAFKA_PRODUCER_FENCED'});
  await kafka.close();
  await rm(directory, {recursive: true});
});
