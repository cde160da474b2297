import type {Node} from './node.ts';
import type {SubTopology} from './sub-topologies.ts';

/** A stable text form, one line a node, for reviews and snapshot tests. */
export function describeTopology(subTopologies: readonly SubTopology[]): string {
  return subTopologies
    .map(({id, nodes}) => [`sub-topology ${id}`, ...nodes.map((node) => `  ${line(node)}`)])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function line(node: Node): string {
  switch (node.kind) {
    case 'source':
      return `${node.name} <- ${node.topic.name}  (feeds a ${node.feeds})`;
    case 'operator': {
      const {stores} = node.operator;
      const opened = stores.length === 0 ? '' : ` [${stores.join(', ')}]`;
      return `${node.name}${opened}  (from ${node.parents.join(', ')})`;
    }
    case 'sink':
      return `${node.name} -> ${node.topic.name}  (from ${node.parents.join(', ')})`;
    default:
      return node satisfies never;
  }
}
