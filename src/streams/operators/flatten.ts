import type {Operator} from '../processor.ts';

/** Forwards the row that `select` finds in the value; drops records in which it finds none (`no_row`). */
export function flatten<K, V, Row>(
  select: (value: V, key: K) => Row | null,
): Operator<K, V, K, Row> {
  return {
    kind: 'flatten',
    stores: [],
    create:
      (context) =>
      ({key, value, timestamp, headers}) => {
        const row = select(value, key);
        if (row === null) context.dropped('no_row');
        else context.forward({key, value: row, timestamp, headers});
      },
  };
}
