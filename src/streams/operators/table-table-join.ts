import {lineageJoin} from '../../serde/lineage/lineage-join.ts';
import type {Change, Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/**
 * One side of an inner join of two tables on their keys: reads the other side's row on each change of this one.
 *
 * Forwards the joined row, or null where this side's row is gone; nothing where the other side has no row.
 */
export function tableTableJoin<K, V, Other, Out>(
  other: StoreName<Other>,
  join: (value: V, other: Other) => Out,
): Operator<K, Change<V>, K, Out | null> {
  return {
    kind: 'tableTableJoin',
    stores: [other],
    create: (context) => {
      const others = context.store<K, Other>(other);
      const withRow = lineageJoin(other);
      return ({key, value, timestamp, headers}) => {
        const row = others.entry(key);
        if (row === undefined) return;
        const joined = value.new === undefined ? null : join(value.new, row.value);
        context.forward({key, value: joined, timestamp, headers: withRow(headers, row.lineage)});
      };
    },
  };
}
