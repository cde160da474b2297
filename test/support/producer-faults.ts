import type {KafkaClient, TransactionalProducer} from '../../src/kafka/client.ts';

/** Where a producer can die; each is called once per attempt and may throw. */
export interface ProducerFaults {
  beforeSend?: (() => void) | undefined;
  beforeCommit?: (() => void) | undefined;
  /** The transaction is committed, and the caller never learns of it. */
  afterCommit?: (() => void) | undefined;
}

/** `kafka`, with producers that fail where `faults` says at that moment. */
export function withProducerFaults(kafka: KafkaClient, faults: ProducerFaults): KafkaClient {
  return {
    admin: kafka.admin,
    fetcher: (options) => kafka.fetcher(options),
    groupMember: (options) => kafka.groupMember(options),
    close: () => kafka.close(),
    transactionalProducer: (id, options) =>
      faultyProducer(kafka.transactionalProducer(id, options), faults),
  };
}

function faultyProducer(
  producer: TransactionalProducer,
  faults: ProducerFaults,
): TransactionalProducer {
  return {
    init: () => producer.init(),
    begin: () => producer.begin(),
    send: async (batches) => {
      faults.beforeSend?.();
      return producer.send(batches);
    },
    sendOffsets: (group, offsets) => producer.sendOffsets(group, offsets),
    commit: async () => {
      faults.beforeCommit?.();
      await producer.commit();
      faults.afterCommit?.();
    },
    abort: () => producer.abort(),
  };
}
