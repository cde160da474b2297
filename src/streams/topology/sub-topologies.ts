import type {Node} from './node.ts';

/** The nodes that run together: one task of it for each partition of its sources. */
export interface SubTopology {
  readonly id: number;
  readonly nodes: readonly Node[];
  /** Names of the stores that its tasks own. */
  readonly stores: readonly string[];
}

/**
 * Groups nodes that are joined by an edge or by a shared store; topics are the only way from one group to another.
 *
 * A `crossPartition` operator stands with its parents and owns no store. Groups are numbered in the order of their first nodes.
 */
export function subTopologies(nodes: readonly Node[]): readonly SubTopology[] {
  const group = new Map<string, string>();
  for (const node of nodes) {
    if (node.kind === 'source') continue;
    for (const parent of node.parents) union(node.name, parent);
    for (const store of ownedStores(node)) union(node.name, `store ${store}`);
  }
  const byRoot = new Map<string, Node[]>();
  for (const node of nodes) {
    const root = find(node.name);
    const members = byRoot.get(root);
    if (members === undefined) byRoot.set(root, [node]);
    else members.push(node);
  }
  return [...byRoot.values()].map((members, id) => ({
    id,
    nodes: members,
    stores: [...new Set(members.flatMap(ownedStores))],
  }));

  function find(id: string): string {
    const parent = group.get(id) ?? id;
    return parent === id ? id : find(parent);
  }

  function union(a: string, b: string): void {
    group.set(find(a), find(b));
  }
}

function ownedStores(node: Node): readonly string[] {
  if (node.kind !== 'operator' || node.operator.crossPartition === true) return [];
  return node.operator.stores;
}
