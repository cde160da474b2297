import type {TopicPartition} from '../../client.ts';
import type {FetchedData} from '../protocol/fetch.ts';
import {partitionName} from '../protocol/topic-partitions.ts';

/** A broker's answer that has not been handed out yet. */
export interface Answer {
  readonly data: FetchedData;
  readonly sentAt: number;
  readonly arrivedAt: number;
}

/** A partition that is read: where it stands, and what has arrived of it. */
export class AssignedPartition {
  readonly topicPartition: TopicPartition;
  readonly name: string;
  /** The next offset to hand out. */
  position: number;
  isPaused = false;
  answer: Answer | undefined;
  /** How many requests that name it are under way. */
  inFlight = 0;
  /** As of the last answer; -1 before the first. */
  highWatermark = -1;
  lastStableOffset = -1;
  maxBytes: number;
  /** Set while fetching it fails, from the first failure on. */
  failingSince: number | undefined;
  /** The incarnation of the topic that the position belongs to; known with the first fetch. */
  topicId: string | undefined;

  constructor(topicPartition: TopicPartition, position: number, maxBytes: number) {
    this.topicPartition = topicPartition;
    this.name = partitionName(topicPartition);
    this.position = position;
    this.maxBytes = maxBytes;
  }

  /** Nothing is under way, and nothing lies here that has to be handed out first. */
  get isFetchable(): boolean {
    return this.isUnanswered && this.inFlight === 0;
  }

  get isUnanswered(): boolean {
    return !this.isPaused && (this.answer === undefined || this.answer.data.records.length === 0);
  }

  /**
   * Keeps the answer to a fetch from `offset`, unless what was asked has been overtaken. Returns whether it has news.
   */
  take(answer: Answer, offset: number): boolean {
    if (offset !== this.position || (this.answer?.data.records.length ?? 0) > 0) return false;
    const {highWatermark, lastStableOffset, records} = answer.data;
    const isNews =
      records.length > 0 ||
      highWatermark !== this.highWatermark ||
      lastStableOffset !== this.lastStableOffset;
    this.highWatermark = highWatermark;
    this.lastStableOffset = lastStableOffset;
    this.answer = answer;
    return isNews;
  }
}
