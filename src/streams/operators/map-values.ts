import type {Operator} from '../processor.ts';

/** Forwards each record with a new value under the same key; a new value of null makes it a tombstone. */
export function mapValues<K, V, VOut>(map: (value: V, key: K) => VOut): Operator<K, V, K, VOut> {
  return {
    kind: 'mapValues',
    stores: [],
    create:
      (context) =>
      ({key, value, timestamp, headers}) => {
        context.forward({key, value: map(value, key), timestamp, headers});
      },
  };
}
