import {randomUUID} from 'node:crypto';
import {afterEach, describe, expect, inject, test} from 'vitest';
import {systemClock as clock} from '../../../src/common/clock.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {EmbeddedRegistry} from '../../../src/serde/registry/embedded-registry.ts';
import {schemaRegistrySuite} from '../../suites/schema-registry-suite.ts';

const clients: KafkajsClient[] = [];

async function openRegistry(topic: string): Promise<EmbeddedRegistry> {
  const kafka = await KafkajsClient.connect({
    bootstrapServers: inject('kafkaBrokers'),
    clientId: 'test',
    clock,
  });
  clients.push(kafka);
  return EmbeddedRegistry.open({kafka, clock, topic, replicationFactor: 1});
}

async function closeAll(): Promise<void> {
  for (const client of clients.splice(0)) await client.close();
}

describe('EmbeddedRegistry on a real broker', () => {
  describe('as any registry', () => {
    schemaRegistrySuite(async () => {
      const topic = `schemas-${randomUUID()}`;
      return {
        registry: await openRegistry(topic),
        another: () => openRegistry(topic),
        close: closeAll,
      };
    });
  });

  describe('of several instances', () => {
    afterEach(closeAll);

    test('knows each schema as soon as another has registered it', async () => {
      const topic = `schemas-${randomUUID()}`;
      const [writer, reader] = [await openRegistry(topic), await openRegistry(topic)];
      const unknown: number[] = [];

      for (let maximum = 0; maximum < 100; maximum++) {
        const id = await writer.register(`subject-${maximum}`, JSON.stringify({maximum}));
        if ((await reader.byId(id)) === undefined) unknown.push(id);
      }

      expect(unknown).toEqual([]);
    });
  });
});
