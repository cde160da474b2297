import type {Operator, StreamRecord} from '../processor.ts';

/** Shows each record to `observe` and forwards it as it is. */
export function peek<K, V>(observe: (record: StreamRecord<K, V>) => void): Operator<K, V, K, V> {
  return {
    kind: 'peek',
    stores: [],
    create: (context) => (record) => {
      observe(record);
      context.forward(record);
    },
  };
}
