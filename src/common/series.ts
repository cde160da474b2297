import type {Labels} from './metrics.ts';

interface Node<T> {
  readonly below: Map<string, Node<T>>;
  item: T | undefined;
}

/**
 * One `T` for each combination of label values. One that is known is found without a key of text: those would be made, and kept,
 * for every count of every commit.
 */
export class Series<T> {
  readonly #labelNames: readonly string[];
  readonly #create: (labels: Labels) => T;
  readonly #root: Node<T> = {below: new Map(), item: undefined};
  readonly #all: T[] = [];

  constructor(labelNames: readonly string[], create: (labels: Labels) => T) {
    this.#labelNames = labelNames;
    this.#create = create;
  }

  /** In the order in which they came up. */
  get all(): readonly T[] {
    return this.#all;
  }

  /** @throws Error for a label that it does not have, unless it knows the others' values. */
  of(labels: Labels): T {
    let node = this.#root;
    for (let i = 0; i < this.#labelNames.length; i++) {
      const value = labels[this.#labelNames[i] as string] ?? '';
      let next = node.below.get(value);
      if (next === undefined) node.below.set(value, (next = {below: new Map(), item: undefined}));
      node = next;
    }
    return (node.item ??= this.#add(labels));
  }

  #add(labels: Labels): T {
    const unknown = Object.keys(labels).find((name) => !this.#labelNames.includes(name));
    if (unknown !== undefined)
      throw new Error(`there is no label ${unknown}, only ${this.#labelNames.join(', ')}`);
    const item = this.#create(labels);
    this.#all.push(item);
    return item;
  }
}
