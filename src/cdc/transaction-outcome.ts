import {RetriableError, ServiceError, messageOf} from '../common/errors.ts';
import type {TransactionalProducer} from '../kafka/client.ts';

/**
 * Commits; a failure without a name becomes one to start over from, since the outcome is unknown: `init` decides it and
 * the durable offset tells it.
 */
export async function commitTransaction(producer: TransactionalProducer): Promise<void> {
  try {
    await producer.commit();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new RetriableError(
      'KAFKA_UNREACHABLE',
      `the outcome of a Kafka transaction is unknown (${messageOf(error)}); starting over from the durable offset`,
      {cause: error},
    );
  }
}
