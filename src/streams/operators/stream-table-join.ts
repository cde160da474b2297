import {lineageJoin} from '../../serde/lineage/lineage-join.ts';
import type {Operator, StreamRecord} from '../processor.ts';
import {WaitingRecords} from './waiting-records.ts';
import type {WaitingEntry} from './waiting-records.ts';
import type {StoreName} from './store-name.ts';

/** What a join does with a record that finds no row: keep it in `store` until the row arrives. */
export interface Waiting<V> {
  readonly store: StoreName<WaitingEntry<V>>;
  /** What a newer version of the record is recognised by. */
  readonly id: (value: V) => unknown;
}

/**
 * Forwards each record joined with the table's row under the same key, with the record's timestamp and headers, which get the row's lineage too.
 *
 * A record that finds no row is dropped for good (`join_miss`), or with `waiting` stored under its key for
 * `releaseWaiting`. Records with a null key or a null value are dropped.
 */
export function streamTableJoin<K, V, Row, Out>(
  table: StoreName<Row>,
  join: (value: V, row: Row) => Out,
  waiting?: Waiting<V>,
): Operator<K, V | null, K, Out> {
  return {
    kind: 'streamTableJoin',
    stores: waiting === undefined ? [table] : [table, waiting.store],
    create: (context) => {
      const rows = context.store<K, Row>(table);
      const withRow = lineageJoin(table);
      const miss = waiting === undefined ? drop : keep(waiting);
      return (record) => {
        const {key, value, timestamp, headers} = record;
        if (key === null) return context.dropped('null_key');
        if (value === null) return context.dropped('null_value');
        const row = rows.entry(key);
        if (row === undefined) return miss(record as StreamRecord<K, V>);
        context.forward({
          key,
          value: join(value, row.value),
          timestamp,
          headers: withRow(headers, row.lineage),
        });
      };

      function drop(): void {
        context.dropped('join_miss');
      }

      function keep({store, id}: Waiting<V>): (record: StreamRecord<K, V>) => void {
        const records = new WaitingRecords<K, V>(context.store(store));
        return (record) => {
          if (!records.add(id(record.value), record)) context.dropped('superseded');
        };
      }
    },
  };
}
