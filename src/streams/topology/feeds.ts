import type {Node, SourceNode} from './node.ts';

/**
 * What a source's records become first: `table` when every path from it leads into a table, through repartition topics
 * where there are any; otherwise `stream`.
 */
export function feeds(source: SourceNode, nodes: readonly Node[]): SourceNode['feeds'] {
  return leadsIntoTable(source, nodes, new Set()) ? 'table' : 'stream';
}

function leadsIntoTable(node: Node, nodes: readonly Node[], seen: Set<Node>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  const next = node.kind === 'sink' ? readersOf(node.topic.name, nodes) : childrenOf(node, nodes);
  return (
    next.length > 0 &&
    next.every(
      (child) =>
        (child.kind === 'operator' && child.operator.makesTable === true) ||
        leadsIntoTable(child, nodes, seen),
    )
  );
}

function readersOf(topic: string, nodes: readonly Node[]): readonly Node[] {
  return nodes.filter((node) => node.kind === 'source' && node.topic.name === topic);
}

function childrenOf({name}: Node, nodes: readonly Node[]): readonly Node[] {
  return nodes.filter((node) => node.kind !== 'source' && node.parents.includes(name));
}
