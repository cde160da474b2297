import {taskId} from '../task-plan.ts';
import type {TaskGroup} from '../task-plan.ts';
import {groupOf, localRows, rebalancing} from './local-rows.ts';
import {QueryError} from './query-error.ts';
import {storeKey} from './store-view.ts';
import type {StoreView} from './store-view.ts';
import {mergeStoredRows} from './stored-rows.ts';
import type {Caller, PeerStores, StoredRows, StoredRowsRequest} from './stored-rows.ts';

export interface StoreReaderOptions {
  /** Undefined while the topology does not run here, or has not found its topics yet. */
  readonly view: () => StoreView | undefined;
  /** This process runs the topology, or will. */
  readonly hasStreams: boolean;
  readonly peers: PeerStores;
}

/** Reads what the stores of the application have committed, wherever their tasks run. */
export class StoreReader {
  readonly #options: StoreReaderOptions;

  constructor(options: StoreReaderOptions) {
    this.#options = options;
  }

  /** @throws QueryError NO_STREAMS, REBALANCING */
  get view(): StoreView {
    const {view, hasStreams} = this.#options;
    const found = view();
    if (found !== undefined) return found;
    if (!hasStreams)
      throw new QueryError(
        'unavailable',
        'NO_STREAMS',
        'This process does not run the topology; ask one with the role streams.',
      );
    throw new QueryError(
      'unavailable',
      'REBALANCING',
      'The topology is starting; ask again in a moment.',
    );
  }

  /** What this instance has itself: the answer to another instance. */
  async local(request: StoredRowsRequest): Promise<StoredRows> {
    return localRows(this.view, request);
  }

  /** Rows of any instance: those that are here are read, the others asked for from the instance that has them. */
  async rows(request: StoredRowsRequest, caller: Caller): Promise<StoredRows> {
    const {view} = this;
    const group = groupOf(view, request.store);
    const here: number[] = [];
    const elsewhere = new Map<string, number[]>();
    for (const partition of request.partitions) {
      const server = serverOf(view, group, request.store, partition);
      if (server === undefined) here.push(partition);
      else elsewhere.set(server, [...(elsewhere.get(server) ?? []), partition]);
    }
    if (elsewhere.size === 0) return localRows(view, request);
    const {peers} = this.#options;
    const answers = await Promise.all([
      ...(here.length === 0 ? [] : [localRows(view, {...request, partitions: here})]),
      ...[...elsewhere].map(async ([server, partitions]) =>
        peers.rows(server, {...request, partitions}, caller),
      ),
    ]);
    return mergeStoredRows(answers, request.limit);
  }

  /** All partitions of a store. */
  partitionsOf(store: string): readonly number[] {
    return Array.from({length: groupOf(this.view, store).partitions}, (_, partition) => partition);
  }
}

/** Whom to ask for a partition; undefined for this instance. */
function serverOf(
  {stores, assigned, servers}: StoreView,
  group: TaskGroup,
  store: string,
  partition: number,
): string | undefined {
  const id = taskId({group, partition});
  if (stores.has(storeKey(store, partition)) || assigned.has(id)) return undefined;
  const server = servers.get(id);
  if (server !== undefined) return server;
  throw rebalancing(store, partition, `no instance that can be asked is known to have task ${id}`);
}
