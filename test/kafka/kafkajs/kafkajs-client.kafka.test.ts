import {describe, inject} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {KafkajsClient} from '../../../src/kafka/kafkajs/kafkajs-client.ts';
import {kafkaClientSuite} from '../../suites/kafka-client-suite.ts';

describe('KafkajsClient', () => {
  kafkaClientSuite(async () => {
    const clients: KafkajsClient[] = [];
    return {
      connect: async () => {
        const client = await KafkajsClient.connect({
          bootstrapServers: inject('kafkaBrokers'),
          clientId: 'test',
          clock: systemClock,
        });
        clients.push(client);
        return client;
      },
      close: async () => {
        for (const client of clients) await client.close();
      },
    };
  });
});
