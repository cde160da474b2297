import type {Schema} from '../../serde/schema.ts';
import type {Change, Operator} from '../processor.ts';
import {materialize} from './materialize.ts';
import type {StoreName} from './store-name.ts';

/**
 * Turns a stream into a table: the newest row of each key wins, a null value deletes it. Rows have the columns that `row` declares.
 *
 * An update that changes none of them, and a deletion of what is not there, forward nothing.
 */
export function toTable<K, V>(
  store: StoreName<V>,
  row: Schema<V>,
): Operator<K, V | null, K, Change<V>> {
  return {...materialize<K, V>(store, row, 'changes'), kind: 'toTable', makesTable: true};
}
