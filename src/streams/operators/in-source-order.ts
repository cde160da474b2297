import {isEarlierInSource, sourcePositionOf} from '../../serde/source-position.ts';
import type {Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/** The newest record of a key, as far as its order is concerned. */
export interface SourceOrderEntry {
  /** As the source position header has it. */
  readonly position: Buffer;
}

/**
 * Drops a record that was committed in its source before one that has already passed under the same key (`superseded`).
 *
 * Positions of two sources cannot be compared: the record that comes later passes, and so does one without a position.
 */
export function inSourceOrder<K, V>(store: StoreName<SourceOrderEntry>): Operator<K, V, K, V> {
  return {
    kind: 'inSourceOrder',
    stores: [store],
    betweenTasks: true,
    create: (context) => {
      const newest = context.store<K, SourceOrderEntry>(store);
      return (record) => {
        const {key, headers} = record;
        const position = sourcePositionOf(headers);
        if (position !== undefined) {
          if (isEarlierInSource(position, newest.get(key)?.position)) {
            return context.dropped('superseded');
          }
          // A view would keep all that was fetched with it for as long as the store remembers the key.
          newest.put(key, {position: Buffer.from(position)});
        }
        context.forward(record);
      };
    },
  };
}
