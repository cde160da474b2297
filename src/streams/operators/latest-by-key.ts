import type {Change, Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/**
 * Keeps the latest row of each key and forwards every update, even one that changes nothing.
 *
 * Column by column, a null does not replace an earlier value: ksqlDB's `LATEST_BY_OFFSET(col)`. Records with a null
 * key or a null value are dropped, so a row never goes away.
 */
export function latestByKey<K, V extends object>(
  store: StoreName<V>,
): Operator<K, V | null, K, Change<V>> {
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
        const row = old === undefined ? value : mergeNonNull(old, value);
        rows.put(key, row);
        context.forward({key, value: {old, new: row}, timestamp, headers});
      };
    },
  };
}

function mergeNonNull<V extends object>(old: V, latest: V): V {
  const merged = {...old};
  for (const column of Object.keys(latest) as (keyof V)[]) {
    const value = latest[column];
    if (value !== null && value !== undefined) merged[column] = value;
  }
  return merged;
}
