import {FatalError} from '../common/errors.ts';
import type {
  Checkpoint,
  CommittedStore,
  ScanRange,
  StoreSize,
  StoreProvider,
  StoreWrite,
  StoredName,
} from './committed-store.ts';
import {SortedKeys} from './sorted-keys.ts';

/** The rows of one store, which outlive the handles to it. */
class MemoryRows {
  readonly rows = new Map<string, Buffer>();
  keys = new SortedKeys();
  checkpoint: Checkpoint | undefined;
  isOpen = false;
}

/** Stores in memory that survive being closed and opened again, as files would; for tests. */
export class MemoryStoreProvider implements StoreProvider {
  readonly #stores = new Map<string, MemoryRows>();

  open(taskId: string, store: string): Promise<CommittedStore> {
    const path = `${taskId}/${store}`;
    const rows = this.#stores.get(path) ?? new MemoryRows();
    this.#stores.set(path, rows);
    if (rows.isOpen) {
      const message = `Store ${path} is open already; close it first.`;
      return Promise.reject(new FatalError('STATE_DIRECTORY_LOCKED', message));
    }
    rows.isOpen = true;
    return Promise.resolve(new MemoryStore(store, rows));
  }

  stored(): Promise<readonly StoredName[]> {
    const paths = [...this.#stores.keys()].map((path) => path.split('/'));
    return Promise.resolve(paths.map(([taskId = '', store = '']) => ({taskId, store})));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A committed store in memory. */
class MemoryStore implements CommittedStore {
  readonly name: string;
  readonly #state: MemoryRows;

  constructor(name: string, state = new MemoryRows()) {
    this.name = name;
    this.#state = state;
  }

  get isEmpty(): boolean {
    return this.#state.rows.size === 0;
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#state.checkpoint;
  }

  get(key: Buffer): Buffer | undefined {
    return this.#state.rows.get(key.toString('latin1'));
  }

  range(prefix?: Buffer): Iterable<readonly [Buffer, Buffer]> {
    const {keys, rows} = this.#state;
    return keys
      .withPrefix(prefix?.toString('latin1') ?? '')
      .map((key) => [Buffer.from(key, 'latin1'), rows.get(key) as Buffer] as const);
  }

  scan({from, to, limit}: ScanRange): Promise<readonly (readonly [Buffer, Buffer])[]> {
    const [first, last] = [from?.toString('latin1'), to?.toString('latin1')];
    const {keys, rows} = this.#state;
    const found = keys
      .withPrefix('')
      .filter((key) => (first === undefined || key >= first) && (last === undefined || key <= last))
      .slice(0, limit)
      .map((key) => [Buffer.from(key, 'latin1'), rows.get(key) as Buffer] as const);
    return Promise.resolve(found);
  }

  size(): Promise<StoreSize | undefined> {
    const {rows, isOpen} = this.#state;
    let bytes = 0;
    for (const [key, value] of rows) bytes += key.length + value.length;
    return Promise.resolve(isOpen ? {entries: rows.size, isExact: true, bytes} : undefined);
  }

  apply(writes: readonly StoreWrite[], checkpoint: Checkpoint): Promise<void> {
    const {rows, keys} = this.#state;
    for (const [key, value] of writes) {
      const id = key.toString('latin1');
      if (value === undefined) {
        rows.delete(id);
        keys.delete(id);
      } else {
        rows.set(id, Buffer.from(value));
        keys.add(id);
      }
    }
    this.#state.checkpoint = checkpoint;
    return Promise.resolve();
  }

  wipe(): Promise<void> {
    this.#state.rows.clear();
    this.#state.keys = new SortedKeys();
    this.#state.checkpoint = undefined;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#state.isOpen = false;
    return Promise.resolve();
  }
}
