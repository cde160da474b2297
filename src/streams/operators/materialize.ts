import {lineageOf} from '../../serde/lineage/lineage-bytes.ts';
import {projector} from '../../serde/row-projection.ts';
import type {Schema} from '../../serde/schema.ts';
import type {Change, Operator} from '../processor.ts';
import {sameValue} from './same-value.ts';
import type {StoreName} from './store-name.ts';

/** What a table forwards: only updates that changed a row, or each one. */
export type Emit = 'changes' | 'updates';

/**
 * Keeps the newest row of each key in `store`, with the columns that `row` declares, and forwards how it changed; a
 * null value deletes the row.
 *
 * Deleting a row that is not there forwards nothing. With `emit: 'changes'`, neither does an update under which all
 * columns stay as they were. Records with a null key are dropped.
 */
export function materialize<K, V>(
  store: StoreName<V>,
  row: Schema<V>,
  emit: Emit,
): Operator<K, V | null, K, Change<V>> {
  const project = projector(row);
  return {
    kind: 'materialize',
    stores: [store],
    create: (context) => {
      const rows = context.store<K, V>(store);
      return ({key, value, timestamp, headers}) => {
        if (key === null) return context.dropped('null_key');
        const old = rows.get(key);
        if (value === null) {
          if (old === undefined) return;
          rows.delete(key);
          context.forward({key, value: {old, new: undefined}, timestamp, headers});
        } else {
          const latest = project(value);
          if (emit === 'changes' && sameValue(old, latest)) return;
          rows.put(key, latest, lineageOf(headers));
          context.forward({key, value: {old, new: latest}, timestamp, headers});
        }
      };
    },
  };
}
