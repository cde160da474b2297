import type {TopicPartition} from '../kafka/client.ts';

/** One partition that change events go to; `id` is dense over a connector's partitions. */
export interface EventTarget extends TopicPartition {
  readonly id: number;
  /** `schema.table`, for metrics. */
  readonly table: string;
}

/** A table's topic. */
export interface EventTopic {
  readonly name: string;
  readonly targets: readonly EventTarget[];
}
