import type {CommittedStore} from '../../../state/committed-store.ts';
import type {TaskEnvironment} from '../task-opener.ts';

/** What one instance has of the stores, and knows of the others, at this moment. */
export interface StoreView {
  readonly env: TaskEnvironment;
  /** The stores of the tasks that run here, by {@link storeKey}. */
  readonly stores: ReadonlyMap<string, CommittedStore>;
  /** The tasks that are assigned to this instance, whether they run yet or not. */
  readonly assigned: ReadonlySet<string>;
  /** `application.server` of the instance that each task is assigned to, as far as that is known. */
  readonly servers: ReadonlyMap<string, string>;
}

export function storeKey(store: string, partition: number): string {
  return `${store}-${partition}`;
}
