import {lineageJoin} from '../../serde/lineage/lineage-join.ts';
import type {Change, Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/**
 * The left side of a left join of two tables on their keys; the right side's changes take {@link rightOfLeftJoin}.
 *
 * Forwards each row joined with the other side's, or with null where there is none; null where the row is gone.
 */
export function leftOfLeftJoin<K, V, Other, Out>(
  right: StoreName<Other>,
  join: (value: V, other: Other | null) => Out,
): Operator<K, Change<V>, K, Out | null> {
  return {
    kind: 'tableTableLeftJoin',
    stores: [right],
    create: (context) => {
      const others = context.store<K, Other>(right);
      const withRow = lineageJoin(right);
      return ({key, value, timestamp, headers}) => {
        const other = others.entry(key);
        const joined = value.new === undefined ? null : join(value.new, other?.value ?? null);
        context.forward({
          key,
          value: joined,
          timestamp,
          headers: other === undefined ? headers : withRow(headers, other.lineage),
        });
      };
    },
  };
}

/** The right side of a left join: on each change, joins the left side's row anew; nothing where there is none. */
export function rightOfLeftJoin<K, V, Other, Out>(
  left: StoreName<V>,
  join: (value: V, other: Other | null) => Out,
): Operator<K, Change<Other>, K, Out | null> {
  return {
    kind: 'tableTableLeftJoin',
    stores: [left],
    create: (context) => {
      const rows = context.store<K, V>(left);
      const withRow = lineageJoin(left);
      return ({key, value, timestamp, headers}) => {
        const row = rows.entry(key);
        if (row === undefined) return;
        context.forward({
          key,
          value: join(row.value, value.new ?? null),
          timestamp,
          headers: withRow(headers, row.lineage),
        });
      };
    },
  };
}
