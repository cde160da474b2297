import {lineageOf} from '../../serde/lineage/lineage-bytes.ts';
import {lineageJoin} from '../../serde/lineage/lineage-join.ts';
import type {Change, Operator} from '../processor.ts';
import {WaitingRecords} from './waiting-records.ts';
import type {WaitingEntry} from './waiting-records.ts';
import type {StoreName} from './store-name.ts';

/**
 * When a table's row arrives, forwards every record that waits for it joined with the row, oldest first, and forgets it.
 *
 * Each goes out with its own headers, which get the row's lineage too, and the later timestamp of record and row.
 */
export function releaseWaiting<K, V, Row, Out>(
  waiting: StoreName<WaitingEntry<V>>,
  table: StoreName<Row>,
  join: (value: V, row: Row) => Out,
): Operator<K, Change<Row>, K, Out> {
  return {
    kind: 'releaseWaiting',
    stores: [waiting],
    create: (context) => {
      const records = new WaitingRecords<K, V>(context.store(waiting));
      const withRow = lineageJoin(table, 'waited');
      return ({key, value: {new: row}, timestamp: rowTimestamp, headers: rowHeaders}) => {
        if (row === undefined || records.isEmpty) return;
        const lineage = lineageOf(rowHeaders);
        for (const {value, timestamp, headers} of records.take(key)) {
          context.forward({
            key,
            value: join(value, row),
            timestamp: Math.max(timestamp, rowTimestamp),
            headers: withRow(headers, lineage),
          });
        }
      };
    },
  };
}
