import type {RecordHeader, TopicPartition} from './client.ts';

/** Where a record came from, and what could not be done with it. */
export interface RecordFailure {
  readonly connectorName: string;
  readonly taskId: string;
  readonly topicPartition: TopicPartition;
  readonly offset: number;
  readonly stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER' | 'TASK_PUT';
  readonly error: Error;
}

/** Kafka Connect's headers of a dead letter; they go behind the record's own. */
export function deadLetterHeaders({
  connectorName,
  taskId,
  topicPartition,
  offset,
  stage,
  error,
}: RecordFailure): readonly RecordHeader[] {
  return Object.entries({
    topic: topicPartition.topic,
    partition: topicPartition.partition,
    offset,
    'connector.name': connectorName,
    'task.id': taskId,
    stage,
    'exception.class.name': error.name,
    'exception.message': error.message,
  }).map(([name, value]) => ({
    key: `__connect.errors.${name}`,
    value: Buffer.from(String(value)),
  }));
}
