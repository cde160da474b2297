import {lineageOf} from '../../serde/lineage/lineage-bytes.ts';
import {projector} from '../../serde/row-projection.ts';
import type {Schema} from '../../serde/schema.ts';
import type {Change, Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/**
 * Keeps the latest row of each key and forwards every update, even one that changes nothing.
 *
 * Rows have the columns that `row` declares. Column by column, a null does not replace an earlier value: ksqlDB's `LATEST_BY_OFFSET(col)`. Records with a null
 * key or a null value are dropped, so a row never goes away.
 */
export function latestByKey<K, V extends object>(
  store: StoreName<V>,
  row: Schema<V>,
): Operator<K, V | null, K, Change<V>> {
  const project = projector(row);
  return {
    kind: 'latestByKey',
    stores: [store],
    makesTable: true,
    create: (context) => {
      const rows = context.store<K, V>(store);
      return ({key, value, timestamp, headers}) => {
        if (key === null) return context.dropped('null_key');
        if (value === null) return context.dropped('null_value');
        const old = rows.get(key);
        const update = project(value);
        const latest = old === undefined ? update : mergeNonNull(old, update);
        rows.put(key, latest, lineageOf(headers));
        context.forward({key, value: {old, new: latest}, timestamp, headers});
      };
    },
  };
}

function mergeNonNull<V extends object>(old: V, latest: V): V {
  const merged = {...old};
  for (const column of Object.keys(latest) as (keyof V)[]) {
    if (latest[column] !== null) merged[column] = latest[column];
  }
  return merged;
}
