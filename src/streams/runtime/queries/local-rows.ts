import type {CommittedStore} from '../../../state/committed-store.ts';
import type {TaskGroup} from '../task-plan.ts';
import {taskId} from '../task-plan.ts';
import {QueryError} from './query-error.ts';
import {storeKey} from './store-view.ts';
import type {StoreView} from './store-view.ts';
import type {StoredRow, StoredRows, StoredRowsRequest} from './stored-rows.ts';
import {mergeStoredRows} from './stored-rows.ts';

/**
 * The rows that the stores of this instance have committed.
 *
 * @throws QueryError for a partition whose task does not run here, or no longer.
 */
export async function localRows(view: StoreView, request: StoredRowsRequest): Promise<StoredRows> {
  const {store, partitions, limit} = request;
  const group = groupOf(view, store);
  const opened = partitions.map((partition) => {
    const found = view.stores.get(storeKey(store, partition));
    if (found !== undefined) return [partition, found] as const;
    throw notRunning(view, group, store, partition);
  });
  const answers = await Promise.all(
    opened.map(async ([partition, found]) => partitionRows(partition, found, request)),
  );
  return mergeStoredRows(answers, limit);
}

/** The sub-topology that keeps the store. @throws QueryError TABLE_UNKNOWN */
export function groupOf({env}: StoreView, store: string): TaskGroup {
  const group = env.plan.groups.find(({stores}) => stores.some(({name}) => name === store));
  if (group !== undefined) return group;
  throw new QueryError('not-found', 'TABLE_UNKNOWN', `There is no store ${store} here.`);
}

async function partitionRows(
  partition: number,
  store: CommittedStore,
  {from, to, limit}: StoredRowsRequest,
): Promise<StoredRows> {
  const offsets = new Map([[partition, store.checkpoint?.offset ?? 0]]);
  try {
    if (from !== undefined && to?.equals(from) === true) {
      const value = store.get(from);
      return {rows: value === undefined ? [] : [{partition, key: from, value}], offsets};
    }
    const entries = await store.scan({from, to, limit});
    const rows = entries.map(([key, value]): StoredRow => ({partition, key, value}));
    return {rows, offsets};
  } catch (error) {
    // Closed since it was looked up: its task goes elsewhere, or starts anew.
    const reason = error instanceof Error ? error.message : String(error);
    throw rebalancing(store.name, partition, `its store was closed meanwhile (${reason})`);
  }
}

function notRunning(
  view: StoreView,
  group: TaskGroup,
  store: string,
  partition: number,
): QueryError {
  const id = taskId({group, partition});
  if (!view.assigned.has(id)) return rebalancing(store, partition, `task ${id} is not run here`);
  return new QueryError(
    'unavailable',
    'RESTORING',
    `Partition ${partition} of ${store} is being restored from its changelog (task ${id}); ask again in a moment, /api/status shows how far it is.`,
  );
}

export function rebalancing(store: string, partition: number, why: string): QueryError {
  return new QueryError(
    'unavailable',
    'REBALANCING',
    `Nobody answers for partition ${partition} of ${store} right now: ${why}. Ask again in a moment.`,
  );
}
