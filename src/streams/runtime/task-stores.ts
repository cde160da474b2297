import type {CommittedStore, StoreProvider} from '../../state/committed-store.ts';
import type {StoreSpec} from '../topology/node.ts';

export interface TaskStoresOptions {
  readonly provider: StoreProvider;
  /** The stores of each task of the application, by task id. */
  readonly tasks: ReadonlyMap<string, readonly StoreSpec[]>;
  /** The id of a store's changelog topic as it is now. */
  readonly topicId: (spec: StoreSpec) => string | undefined;
}

/** How somebody lets go of stores: `keep` where nothing has failed, else `close`, which finds out what is wrong at the next open. */
export type LettingGo = 'keep' | 'close';

/** The stores of one process: opens and closes them, and knows where those stand that it has on disk. */
export class TaskStores {
  readonly #options: TaskStoresOptions;
  /** Opened by `survey` or kept, and not asked for since; as `<task>/<store>`. */
  readonly #unused = new Map<string, CommittedStore>();
  /** Changelog offsets as of the last close, keep or survey, by task and store. */
  readonly #offsets = new Map<string, Map<string, number>>();

  constructor(options: TaskStoresOptions) {
    this.#options = options;
  }

  /**
   * Learns where the stores stand that an earlier process left. Opening checks their files, which takes time, so they
   * stay open until somebody asks for them or `releaseUnused`.
   */
  async survey(): Promise<void> {
    const {provider, tasks} = this.#options;
    for (const {taskId, store} of await provider.stored()) {
      const isKnown = tasks.get(taskId)?.some(({name}) => name === store) === true;
      const path = pathOf(taskId, store);
      if (!isKnown || this.#unused.has(path)) continue;
      const opened = await provider.open(taskId, store);
      this.#unused.set(path, opened);
      this.#note(taskId, opened);
    }
  }

  async open(taskId: string, store: string): Promise<CommittedStore> {
    const path = pathOf(taskId, store);
    const unused = this.#unused.get(path);
    if (unused === undefined) return this.#options.provider.open(taskId, store);
    this.#unused.delete(path);
    return unused;
  }

  /** Takes a store back that is sound, and leaves it open: the next generation may well ask for it. */
  keep(taskId: string, store: CommittedStore): void {
    this.#note(taskId, store);
    this.#unused.set(pathOf(taskId, store.name), store);
  }

  async close(taskId: string, store: CommittedStore): Promise<void> {
    this.#note(taskId, store);
    await store.close();
  }

  /** Closes what was surveyed or kept and nobody asked for. */
  async releaseUnused(): Promise<void> {
    const unused = [...this.#unused.values()];
    this.#unused.clear();
    await Promise.all(unused.map((store) => store.close()));
  }

  /** Of each task that has stores on disk, the sum of the changelog offsets they stand at. */
  offsets(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#offsets].map(([taskId, stores]) => [
        taskId,
        [...stores.values()].reduce((sum, offset) => sum + offset, 0),
      ]),
    );
  }

  #note(taskId: string, {name, checkpoint}: CommittedStore): void {
    const {tasks, topicId} = this.#options;
    const spec = tasks.get(taskId)?.find((candidate) => candidate.name === name);
    // What stands in a changelog that is gone will be wiped.
    const counts = checkpoint !== undefined && spec !== undefined;
    const offset = counts && checkpoint.topicId === topicId(spec) ? checkpoint.offset : 0;
    const stores = this.#offsets.get(taskId) ?? new Map<string, number>();
    this.#offsets.set(taskId, stores.set(name, offset));
  }
}

function pathOf(taskId: string, store: string): string {
  return `${taskId}/${store}`;
}
