import {decodeLineage} from '../../../serde/lineage/decode-lineage.ts';
import {lineageOf} from '../../../serde/lineage/lineage-bytes.ts';
import type {Lineage} from '../../../serde/lineage/decode-lineage.ts';
import {rowBytes} from '../../../state/stored-value.ts';
import {decodeTuple, encodeTuple} from '../../operators/tuple-key.ts';
import type {WaitingEntry} from '../../operators/waiting-records.ts';
import {plainValue} from './query-key.ts';
import type {StoreReader} from './store-reader.ts';
import type {Caller} from './stored-rows.ts';
import {serdesOf} from './table-queries.ts';

/** A record that waits, and for what. */
export interface FoundWaiting {
  readonly table: string;
  /** Of the row that it waits for. */
  readonly key: unknown;
  readonly value: unknown;
  readonly lineage: Lineage | undefined;
}

/** The records of this id that wait in any store of the topology, on any instance. */
export async function waitingRecords(
  reader: StoreReader,
  id: unknown,
  caller: Caller,
): Promise<readonly FoundWaiting[]> {
  const found = await Promise.all(
    waitingStores(reader).map(async ({store, table}) => {
      const link = encodeTuple(1, id);
      const partitions = reader.partitionsOf(store);
      const links = await reader.rows({store, partitions, from: link, to: link, limit: 9}, caller);
      return Promise.all(
        links.rows.map(async (row) => {
          const place = entryOf(reader, store, row.value).link;
          if (place === null) return [];
          // One that was released between the two questions is gone.
          const {rows} = await reader.rows(
            {store, partitions: [row.partition], from: place, to: place, limit: 1},
            caller,
          );
          return rows.map(({value}) => foundWaiting(table, place, entryOf(reader, store, value)));
        }),
      );
    }),
  );
  return found.flat(2);
}

function foundWaiting(table: string, place: Buffer, entry: WaitingEntry<unknown>): FoundWaiting {
  const lineage = lineageOf(entry.headers ?? []);
  return {
    table,
    key: keyOf(place),
    value: plainValue(entry.row),
    lineage: lineage && decodeLineage(lineage),
  };
}

/** The second element of the place; a STRUCT is told as its bytes. */
function keyOf(place: Buffer): unknown {
  try {
    return plainValue(decodeTuple(place)[1]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return plainValue(place);
  }
}

function entryOf(reader: StoreReader, store: string, value: Buffer): WaitingEntry<unknown> {
  return serdesOf(reader.view, store).value.deserialize(rowBytes(value)) as WaitingEntry<unknown>;
}

/** The joins that let records wait open two stores: the table's and the one of those that wait. */
function waitingStores({
  view,
}: StoreReader): readonly {readonly store: string; readonly table: string}[] {
  return view.env.topology.nodes.flatMap((node) => {
    if (node.kind !== 'operator' || node.operator.kind !== 'streamTableJoin') return [];
    const [table, store] = node.operator.stores;
    return table === undefined || store === undefined ? [] : [{store, table}];
  });
}
