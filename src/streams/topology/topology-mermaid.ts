import type {Node, StoreSpec} from './node.ts';
import type {SubTopology} from './sub-topologies.ts';

/** A Mermaid flowchart: topics as stadiums, operators as boxes by sub-topology, stores as cylinders. */
export function topologyMermaid(
  subTopologies: readonly SubTopology[],
  stores: readonly StoreSpec[],
): string {
  const nodes = subTopologies.flatMap((subTopology) => subTopology.nodes);
  const topics = nodes.flatMap((node) => (node.kind === 'operator' ? [] : [node.topic.name]));
  const topicIds = ids('topic', topics);
  const storeIds = ids(
    'store',
    stores.map(({name}) => name),
  );
  /** A source is drawn as its topic. */
  const nodeIds = new Map(
    nodes.map((node) => [node.name, node.kind === 'operator' ? node.name : idOf(node.topic.name)]),
  );
  return [
    'flowchart LR',
    ...[...topicIds].map(([topic, id]) => `  ${id}([${quote(topic)}])`),
    ...[...storeIds].map(([store, id]) => `  ${id}[(${quote(store)})]`),
    ...subTopologies.flatMap(boxes),
    ...nodes.flatMap(edges),
  ].join('\n');

  function edges(node: Node): readonly string[] {
    if (node.kind === 'source') return [];
    const to = nodeIds.get(node.name);
    const parents = node.parents.map((parent) => `  ${nodeIds.get(parent)} --> ${to}`);
    const opened = node.kind === 'operator' ? node.operator.stores : [];
    return [...parents, ...opened.map((store) => `  ${to} -.- ${storeIds.get(store)}`)];
  }

  function idOf(topic: string): string {
    return topicIds.get(topic) ?? topic;
  }
}

function boxes({id, nodes}: SubTopology): readonly string[] {
  return [
    `  subgraph sub-topology-${id}[${quote(`sub-topology ${id}`)}]`,
    ...nodes
      .filter((node) => node.kind === 'operator')
      .map(({name, operator}) => `    ${name}[${quote(operator.kind)}]`),
    '  end',
  ];
}

/** Mermaid's ids take no dots, so names are numbered. */
function ids(kind: string, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(names)].map((name, i) => [name, `${kind}-${i + 1}`]));
}

const quote = (text: string): string => JSON.stringify(text);
