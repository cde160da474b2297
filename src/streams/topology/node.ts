import type {Operator} from '../processor.ts';
import type {Topic, TopicSink} from '../topic.ts';

export type Node = SourceNode | OperatorNode | SinkNode;

export interface SourceNode {
  readonly kind: 'source';
  readonly name: string;
  readonly topic: Topic<any, any>;
  /** A table's input goes before a stream's where timestamps tie, and streams wait for it to be caught up. */
  readonly feeds: 'stream' | 'table';
  /** True where the topology writes the topic itself: several tasks may, and its records stand in no source's order. */
  readonly repartitioned: boolean;
  /** What becomes of null values: passed on as deletions, or dropped, where they are only compaction marks. */
  readonly tombstones: 'pass' | 'drop';
}

export interface OperatorNode {
  readonly kind: 'operator';
  readonly name: string;
  readonly operator: Operator<any, any, any, any>;
  readonly parents: readonly string[];
}

export interface SinkNode {
  readonly kind: 'sink';
  readonly name: string;
  readonly topic: TopicSink<any, any>;
  readonly parents: readonly string[];
}

/**
 * A store and the topic that backs it up.
 *
 * With `published: true` the topic is the table's own (`customers`): each put is one record, in order, for readers as
 * much as for restoring. Otherwise it is internal and gets one record per dirty key and commit.
 */
export interface StoreSpec {
  readonly name: string;
  readonly changelog: Topic<any, any>;
  readonly published: boolean;
}
