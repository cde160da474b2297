import {json, kafka} from '../../../src/serde/format.ts';
import {integer, notNull, struct, varchar} from '../../../src/serde/schema.ts';
import {StreamsBuilder} from '../../../src/streams/dsl/streams-builder.ts';
import type {Operator} from '../../../src/streams/processor.ts';
import {internalTopic, topic} from '../../../src/streams/topic.ts';
import type {Topic} from '../../../src/streams/topic.ts';
import type {Topology} from '../../../src/streams/topology/topology.ts';

export interface Count {
  readonly count: number;
}

const key = kafka(notNull(varchar()));
const value = json(struct({count: notNull(integer())}));

/** What is counted; the values do not matter. */
export const clicks = topic('clicks', {key, value});
export const counts = topic('counts', {key, value});
export const hiddenCounts = internalTopic('hidden-counts', {key, value});
/** One record per click: the count after it. */
export const counted = topic('counted', {key, value});

/** Counts the clicks of each key: anything lost or doubled shows. */
export function countTopology(store: Topic<string, Count> = counts): Topology {
  const builder = new StreamsBuilder();
  const source = builder.addSource(clicks, 'drop');
  const name = builder.addStore(store);
  builder.addSink(counted, [builder.addOperator(count(name), [source])]);
  return builder.build();
}

function count(store: string): Operator<string, Count, string, Count> {
  return {
    kind: 'count',
    stores: [store],
    create: (context) => {
      const rows = context.store<string, Count>(store);
      return (record) => {
        const row = {count: (rows.get(record.key)?.count ?? 0) + 1};
        rows.put(record.key, row);
        context.forward({...record, value: row});
      };
    },
  };
}
