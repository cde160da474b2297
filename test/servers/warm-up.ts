import {Kafka, logLevel} from 'kafkajs';
import {until} from '../support/until.ts';

/**
 * Resolves when the cluster's group and transaction coordinators answer.
 *
 * Kafka makes `__consumer_offsets` and `__transaction_state` on first use; until then a client is refused, and not each call of kafkajs
 * asks again: `sendOffsets` fails for good.
 */
export async function warmUp(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'millrace-warm-up',
    logLevel: logLevel.NOTHING,
    retry: {initialRetryTime: 20, multiplier: 1, factor: 0, retries: 2000},
  });
  await Promise.all([findGroupCoordinator(kafka), beginTransaction(kafka)]);
}

async function findGroupCoordinator(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    await until('the group coordinator answers', async () => {
      try {
        await admin.fetchOffsets({groupId: 'millrace-warm-up'});
        return true;
      } catch (error) {
        if ((error as {retriable?: boolean}).retriable === true) return false;
        throw error;
      }
    });
  } finally {
    await admin.disconnect();
  }
}

async function beginTransaction(kafka: Kafka): Promise<void> {
  const transactionalId = 'millrace-warm-up';
  const producer = kafka.producer({transactionalId, maxInFlightRequests: 1, idempotent: true});
  await producer.connect();
  try {
    const transaction = await producer.transaction();
    await transaction.abort();
  } finally {
    await producer.disconnect();
  }
}
