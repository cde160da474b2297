import type {Change, Operator} from '../processor.ts';

/** Forwards each change of a table as the row it left behind, or as a tombstone where it deleted the row. */
export function toStream<K, V>(): Operator<K, Change<V>, K, V | null> {
  return {
    kind: 'toStream',
    stores: [],
    create:
      (context) =>
      ({key, value, timestamp, headers}) => {
        context.forward({key, value: value.new ?? null, timestamp, headers});
      },
  };
}
