import type {KeyValueStore} from '../../state/key-value-store.ts';
import type {Operator, StreamRecord} from '../processor.ts';
import {ObjectStore} from './object-store.ts';

/** One operator at work. */
export interface OperatorRun<KIn, VIn, KOut, VOut> {
  /** Processes one record and returns what it forwards. Timestamp 0 and no headers where not given. */
  send(
    key: KIn,
    value: VIn,
    record?: Partial<StreamRecord<KIn, VIn>>,
  ): readonly StreamRecord<KOut, VOut>[];
  /** One of its stores, to look into or to fill. */
  store<K, V>(name: string): KeyValueStore<K, V>;
  /** How many records it dropped, by reason. */
  dropped(): Readonly<Record<string, number>>;
}

/** Runs one operator on its own, over stores in memory; those in `shared` are shared with other runs. */
export function runOperator<KIn, VIn, KOut, VOut>(
  operator: Operator<KIn, VIn, KOut, VOut>,
  shared: OperatorStores = operatorStores(),
): OperatorRun<KIn, VIn, KOut, VOut> {
  const forwarded: StreamRecord<KOut, VOut>[] = [];
  const dropped = new Map<string, number>();
  const store = <K, V>(name: string): KeyValueStore<K, V> => {
    if (!operator.stores.includes(name))
      throw new Error(`The operator declares no store "${name}".`);
    return shared.store(name);
  };
  const process = operator.create({
    forward: (record) => void forwarded.push(record),
    store,
    dropped: (reason) => void dropped.set(reason, (dropped.get(reason) ?? 0) + 1),
  });
  return {
    send(key, value, record = {}) {
      process({timestamp: 0, headers: [], ...record, key, value});
      return forwarded.splice(0);
    },
    store,
    dropped: () => Object.fromEntries(dropped),
  };
}

/** Stores by name, created when first asked for. */
export interface OperatorStores {
  store<K, V>(name: string): KeyValueStore<K, V>;
}

/** Stores in memory for several operators that share them. */
export function operatorStores(): OperatorStores {
  const stores = new Map<string, ObjectStore<any, any>>();
  return {
    store(name) {
      const store = stores.get(name) ?? new ObjectStore<any, any>(name);
      stores.set(name, store);
      return store;
    },
  };
}
