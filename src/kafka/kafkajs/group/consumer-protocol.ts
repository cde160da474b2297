import type {TopicPartition} from '../../client.ts';
import {Reader} from '../protocol/reader.ts';
import {byTopic} from '../protocol/topic-partitions.ts';
import {Writer} from '../protocol/writer.ts';

/*
 * What members and leader tell each other, in the format of Java's ConsumerProtocol version 0, so that
 * `kafka-consumer-groups --describe` can read it.
 */
const VERSION = 0;

export interface Subscription {
  readonly topics: readonly string[];
  readonly userData: Buffer;
}

export function encodeSubscription({topics, userData}: Subscription): Buffer {
  const writer = new Writer().int16(VERSION).int32(topics.length);
  for (const topic of topics) writer.shortString(topic);
  return writer.int32(userData.length).raw(userData).bytes;
}

export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new Reader(bytes);
  reader.int16();
  const topics = Array.from({length: reader.int32()}, () => reader.shortString());
  return {topics, userData: readUserData(reader)};
}

export interface Assignment {
  readonly partitions: readonly TopicPartition[];
  readonly userData: Buffer;
}

export function encodeAssignment({partitions, userData}: Assignment): Buffer {
  const topics = byTopic(partitions);
  const writer = new Writer().int16(VERSION).int32(topics.size);
  for (const [topic, ofTopic] of topics) {
    writer.shortString(topic).int32(ofTopic.length);
    for (const {partition} of ofTopic) writer.int32(partition);
  }
  return writer.int32(userData.length).raw(userData).bytes;
}

/** A member for which the leader had nothing gets no bytes at all. */
export function decodeAssignment(bytes: Buffer): Assignment {
  if (bytes.length === 0) return {partitions: [], userData: bytes};
  const reader = new Reader(bytes);
  reader.int16();
  const partitions = Array.from({length: reader.int32()}, () => {
    const topic = reader.shortString();
    return Array.from({length: reader.int32()}, () => ({topic, partition: reader.int32()}));
  }).flat();
  return {partitions, userData: readUserData(reader)};
}

function readUserData(reader: Reader): Buffer {
  return reader.raw(Math.max(0, reader.int32()));
}
