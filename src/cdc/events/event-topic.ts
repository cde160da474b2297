import type {TopicPartition} from '../../kafka/client.ts';

/** One partition that change events go to; `id` is dense over a connector's partitions. */
export interface EventTarget extends TopicPartition {
  readonly id: number;
  /** What metrics count its records under: `schema.table`; undefined where they are no events. */
  readonly table: string | undefined;
}

/** A topic that events go to. */
export interface EventTopic {
  readonly name: string;
  readonly targets: readonly EventTarget[];
}
