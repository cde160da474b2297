import {lineageJoin} from '../../serde/lineage/lineage-join.ts';
import type {Operator} from '../processor.ts';
import type {StoreName} from './store-name.ts';

/**
 * Forwards each record joined with the table's row under the same key, or with null where there is none.
 *
 * A null key finds no row (KIP-962). Records with a null value are dropped.
 */
export function streamTableLeftJoin<K, V, Row, Out>(
  table: StoreName<Row>,
  join: (value: V, row: Row | null) => Out,
): Operator<K, V | null, K, Out> {
  return {
    kind: 'streamTableLeftJoin',
    stores: [table],
    create: (context) => {
      const rows = context.store<K, Row>(table);
      const withRow = lineageJoin(table);
      return ({key, value, timestamp, headers}) => {
        if (value === null) return context.dropped('null_value');
        const row = key === null ? undefined : rows.entry(key);
        context.forward({
          key,
          value: join(value, row?.value ?? null),
          timestamp,
          headers: row === undefined ? headers : withRow(headers, row.lineage),
        });
      };
    },
  };
}
