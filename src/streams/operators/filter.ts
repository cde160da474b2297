import type {Operator} from '../processor.ts';

/** Forwards the records that the predicate accepts. */
export function filter<K, V>(predicate: (value: V, key: K) => boolean): Operator<K, V, K, V> {
  return {
    kind: 'filter',
    stores: [],
    create: (context) => (record) => {
      if (predicate(record.value, record.key)) context.forward(record);
    },
  };
}
