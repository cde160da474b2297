import type {ConsumedRecord, FetchedPartition} from '../../../src/kafka/client.ts';
import type {SourceNode} from '../../../src/streams/topology/node.ts';
import {clicks} from './count-topology.ts';

export const clicksSource: SourceNode = {
  kind: 'source',
  name: 'source-1',
  topic: clicks,
  feeds: 'stream',
  repartitioned: false,
  tombstones: 'drop',
};

/** A click of `key`, at a timestamp that is its offset. */
export function click(offset: number, key = 'a'): ConsumedRecord {
  return {
    key: Buffer.from(key),
    value: Buffer.from('{"count":0}'),
    timestamp: offset,
    headers: [],
    offset,
  };
}

/** An answer with clicks from offset `from` on. By default it reads the log to its end. */
export function fetched(
  from: number,
  count: number,
  answer: Partial<FetchedPartition> = {},
): FetchedPartition {
  const position = from + count;
  return {
    topic: clicks.name,
    partition: 0,
    records: Array.from({length: count}, (_, i) => click(from + i)),
    position,
    highWatermark: position,
    lastStableOffset: position,
    sentAt: 1,
    arrivedAt: 1,
    ...answer,
  };
}
