import {expect, test} from 'vitest';
import {systemClock} from '../../../../src/common/clock.ts';
import type {Outage} from '../../../../src/kafka/kafkajs/connection/reachability.ts';
import {KafkajsClient} from '../../../../src/kafka/kafkajs/kafkajs-client.ts';
import {KafkaCluster} from '../../../servers/kafka-cluster.ts';
import {until} from '../../../support/until.ts';
import {commitRecords, committedValues, record} from '../read-and-write.ts';

/** More than make an outage, while the brokers that are left take over. */
const LOOKS = 8;

test('Reachability: one broker of three that is gone is no outage, and all three are', async () => {
  await using cluster = await KafkaCluster.start({
    roles: ['broker,controller', 'broker', 'broker'],
  });
  const looks: (Outage | undefined)[] = [];
  const client = await KafkajsClient.connect({
    bootstrapServers: cluster.brokers,
    clientId: 'test',
    clock: systemClock,
    apiTimeoutMs: 30_000,
    onLook: (outage) => looks.push(outage),
  });
  const of = {topic: 'reachability', partition: 0};
  await client.admin.ensureTopics([
    {name: of.topic, partitions: 1, cleanupPolicy: 'delete', replicationFactor: 3},
  ]);
  const by = client.transactionalProducer('reachability');
  await by.init();
  await commitRecords(by, of, [record('before')]);

  await cluster.kill(3);
  looks.length = 0;
  let written = 0;
  while (looks.length < LOOKS) await commitRecords(by, of, [record(`${written++}`)]);
  const whileOneIsGone = [...looks];
  const values = await committedValues(client, of);
  await cluster.kill(2);
  await cluster.kill(1);
  const unanswered = commitRecords(by, of, [record('after')]).catch((error: unknown) => error);
  await until('an outage is told', () => looks.at(-1) !== undefined, 15_000);
  await client.close();
  await unanswered;

  expect(whileOneIsGone).toEqual(Array.from({length: LOOKS}));
  expect(values).toEqual(['before', ...Array.from({length: written}, (_, i) => `${i}`)]);
  expect(looks.at(-1)?.reason).toMatch(/ECONNREFUSED|closed|reset/i);
});
