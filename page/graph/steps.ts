import type {PipelineEdge, PipelineGraph, PipelineNode} from '../../src/monitor/pipeline.ts';

/**
 * What is drawn as one box until it is opened: a table, a topic or a warehouse by itself, or the operators around one
 * table or join with the stores they keep and the topics that only lie between them.
 */
export interface Step {
  readonly id: string;
  readonly kind: 'table' | 'topic' | 'step' | 'warehouse';
  readonly title: string;
  readonly subtitle: string;
  /** In the order of the graph. */
  readonly members: readonly PipelineNode[];
}

export interface Steps {
  readonly steps: readonly Step[];
  /** Without those that a way through other steps stands for. */
  readonly edges: readonly {readonly from: string; readonly to: string}[];
}

/** Puts the operators of a pipeline together so that a stranger sees what it does. */
export function stepsOf(graph: PipelineGraph): Steps {
  const groups = new Groups(graph);
  groups.keepStoresWithTheirOperators();
  while (groups.mergeOne()) {
    // Each merge may allow another one.
  }
  groups.mergeIntoProducers();
  const members = new Map<string, PipelineNode[]>();
  for (const node of graph.nodes) {
    const id = groups.of(node.id);
    members.set(id, [...(members.get(id) ?? []), node]);
  }
  const steps = [...members.values()].map((nodes) => step(nodes, graph.edges));
  const ids = new Map(steps.flatMap(({id, members: own}) => own.map((node) => [node.id, id])));
  return {steps, edges: reduced(edgesBetween(graph.edges, (id) => ids.get(id) ?? id))};
}

class Groups {
  readonly #flows: readonly PipelineEdge[];
  readonly #states: readonly PipelineEdge[];
  readonly #nodes: ReadonlyMap<string, PipelineNode>;
  readonly #parents = new Map<string, string>();
  /** Operators that write a store, or join with one on their own account: each is the middle of a step. */
  readonly #owners: ReadonlySet<string>;

  constructor({nodes, edges}: PipelineGraph) {
    this.#flows = edges.filter(({kind}) => kind === 'flow');
    this.#states = edges.filter(({kind}) => kind === 'state');
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    const owners = new Set(
      this.#states.filter(({to}) => this.#kind(to) === 'store').map(({from}) => from),
    );
    const joins = this.#states.filter(
      ({from, to}) =>
        this.#kind(from) === 'store' &&
        !this.#isPrivate(from) &&
        !this.#flows.some((flow) => flow.from === to && owners.has(flow.to)),
    );
    this.#owners = new Set([...owners, ...joins.map(({to}) => to)]);
  }

  of(id: string): string {
    let root = id;
    for (let up = this.#parents.get(root); up !== undefined; up = this.#parents.get(root))
      root = up;
    return root;
  }

  keepStoresWithTheirOperators(): void {
    for (const {from, to} of this.#states) if (this.#kind(to) === 'store') this.#merge(to, from);
    for (const {from: store, to: operator} of this.#states) {
      // An operator that works on a store which nobody else sees belongs to who keeps it.
      const opened = this.#states.filter(({to}) => to === operator).map(({from}) => from);
      const isHelper = !this.#owners.has(operator) && opened.every((id) => this.#isPrivate(id));
      if (this.#kind(store) === 'store' && isHelper) this.#merge(operator, store);
    }
  }

  /** Merges one group without an owner into the only group that it feeds, or, feeding none, into where it comes from. */
  mergeOne(): boolean {
    for (const id of this.#inner()) {
      const group = this.of(id);
      if (this.#hasOwner(group)) continue;
      const consumers = this.#neighbours(group, 'consumers');
      const [target, ...others] =
        consumers.length > 0 ? consumers : this.#neighbours(group, 'producers');
      if (target === undefined || others.length > 0 || !this.#isInner(target)) continue;
      this.#merge(group, target);
      return true;
    }
    return false;
  }

  /** What only brings a step's records into a topic, and keeps nothing that others see, is part of that step. */
  mergeIntoProducers(): void {
    for (const id of this.#inner()) {
      const group = this.of(id);
      const isLast = this.#neighbours(group, 'consumers').every((next) => !this.#isInner(next));
      const [producer, ...others] = this.#neighbours(group, 'producers');
      if (!isLast || producer === undefined || others.length > 0) continue;
      if (this.#isInner(producer) && this.#isByItself(group)) this.#merge(group, producer);
    }
  }

  #merge(id: string, into: string): void {
    const [a, b] = [this.of(id), this.of(into)];
    if (a !== b) this.#parents.set(a, b);
  }

  #inner(): readonly string[] {
    return [...this.#nodes.keys()].filter((id) => this.#isInner(id));
  }

  /** Operators, and topics that operators write and only operators read. */
  #isInner(id: string): boolean {
    const kind = this.#kind(id);
    if (kind === 'operator' || kind === 'store') return true;
    if (kind !== 'topic') return false;
    const writers = this.#flows.filter(({to}) => to === id);
    const readers = this.#flows.filter(({from}) => from === id);
    return (
      writers.some(({from}) => this.#kind(from) === 'operator') &&
      readers.length > 0 &&
      readers.every(({to}) => this.#kind(to) === 'operator')
    );
  }

  #neighbours(group: string, side: 'consumers' | 'producers'): readonly string[] {
    const found = this.#flows.flatMap(({from, to}) => {
      const [own, other] = side === 'consumers' ? [from, to] : [to, from];
      return this.of(own) === group && this.of(other) !== group ? [this.of(other)] : [];
    });
    return [...new Set(found)];
  }

  #hasOwner(group: string): boolean {
    return [...this.#owners].some((owner) => this.of(owner) === group);
  }

  /** It keeps nothing that others see, and sees nothing that others keep. */
  #isByItself(group: string): boolean {
    return this.#states.every(({from, to}) => {
      const store = this.#kind(to) === 'store' ? to : from;
      const isInvolved = this.of(from) === group || this.of(to) === group;
      return !isInvolved || (this.#isPrivate(store) && this.of(store) === group);
    });
  }

  #isPrivate(store: string): boolean {
    return this.#nodes.get(store)?.topic === null;
  }

  #kind(id: string): PipelineNode['kind'] | undefined {
    return this.#nodes.get(id)?.kind;
  }
}

function step(members: readonly PipelineNode[], edges: readonly PipelineEdge[]): Step {
  const [only] = members;
  if (
    only !== undefined &&
    members.length === 1 &&
    only.kind !== 'operator' &&
    only.kind !== 'store'
  ) {
    return {id: only.id, kind: only.kind, title: only.name, subtitle: only.detail, members};
  }
  const own = new Set(members.map((member) => member.id));
  const table = members.find(({kind, topic}) => kind === 'store' && topic !== null);
  const joined = edges.find(
    ({from, to, kind}) => kind === 'state' && own.has(to) && !own.has(from) && isStore(from),
  );
  const topics = members.filter(({kind}) => kind === 'topic');
  const title =
    table?.name ??
    (joined === undefined ? topics.at(-1)?.name : `join ${joined.from.slice('store/'.length)}`) ??
    members[0]?.name ??
    '';
  return {id: `step/${title}`, kind: 'step', title, subtitle: chain(members, edges), members};
}

/** What makes the step what it is: its join, else what keeps its table, else all that its operators do. */
function chain(members: readonly PipelineNode[], edges: readonly PipelineEdge[]): string {
  const operators = members.filter(({kind}) => kind === 'operator');
  const isOwner = ({id}: PipelineNode): boolean =>
    edges.some(({from, to, kind}) => kind === 'state' && from === id && isStore(to));
  const main =
    operators.find(({detail}) => detail.toLowerCase().includes('join')) ?? operators.find(isOwner);
  return main?.detail ?? [...new Set(operators.map(({detail}) => detail))].join(' → ');
}

function isStore(id: string): boolean {
  return id.startsWith('store/');
}

function edgesBetween(
  edges: readonly PipelineEdge[],
  groupOf: (id: string) => string,
): readonly {from: string; to: string}[] {
  const unique = new Map<string, {from: string; to: string}>();
  for (const {from, to} of edges) {
    const [a, b] = [groupOf(from), groupOf(to)];
    if (a !== b) unique.set(`${a} ${b}`, {from: a, to: b});
  }
  return [...unique.values()];
}

/** Leaves out each edge that has a detour. */
function reduced<E extends {readonly from: string; readonly to: string}>(
  edges: readonly E[],
): readonly E[] {
  const next = new Map<string, string[]>();
  for (const {from, to} of edges) next.set(from, [...(next.get(from) ?? []), to]);
  return edges.filter(
    ({from, to}) =>
      !(next.get(from) ?? []).some((via) => via !== to && reaches(via, to, next, new Set())),
  );
}

function reaches(
  from: string,
  to: string,
  next: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return (next.get(from) ?? []).some((via) => reaches(via, to, next, seen));
}
