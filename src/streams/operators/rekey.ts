import type {Operator} from '../processor.ts';

/** Forwards each record under the key that `key` computes; drops records whose new key is null (`null_key`). */
export function rekey<K, V, KOut>(key: (value: V, key: K) => KOut | null): Operator<K, V, KOut, V> {
  return {
    kind: 'rekey',
    stores: [],
    create: (context) => (record) => {
      const {value, timestamp, headers} = record;
      const newKey = key(value, record.key);
      if (newKey === null) context.dropped('null_key');
      else context.forward({key: newKey, value, timestamp, headers});
    },
  };
}
