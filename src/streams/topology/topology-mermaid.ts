import type {Node, StoreSpec} from './node.ts';
import type {SubTopology} from './sub-topologies.ts';

/** A Mermaid flowchart: topics as stadiums, operators as boxes by sub-topology, stores as cylinders. */
export function topologyMermaid(
  subTopologies: readonly SubTopology[],
  stores: readonly StoreSpec[],
): string {
  const nodes = subTopologies.flatMap((subTopology) => subTopology.nodes);
  const topics = new Set(
    nodes.flatMap((node) => (node.kind === 'operator' ? [] : node.topic.name)),
  );
  const published = stores.filter((store) => store.published);
  return [
    'flowchart LR',
    ...[...topics].map((topic) => `  ${topicId(topic)}([${quote(topic)}])`),
    ...stores.map(({name}) => `  ${storeId(name)}[(${quote(name)})]`),
    ...subTopologies.flatMap((subTopology) => [
      `  subgraph sub-topology-${subTopology.id}[${quote(`sub-topology ${subTopology.id}`)}]`,
      ...subTopology.nodes.flatMap((node) =>
        node.kind === 'operator' ? [`    ${node.name}[${quote(node.operator.kind)}]`] : [],
      ),
      '  end',
    ]),
    ...nodes.flatMap((node) => edges(node, nodes)),
    ...published.map(({name}) => `  class ${storeId(name)} published`),
    '  classDef published stroke-width:3px',
  ].join('\n');
}

function edges(node: Node, nodes: readonly Node[]): readonly string[] {
  if (node.kind === 'source') return [];
  const to = node.kind === 'sink' ? topicId(node.topic.name) : node.name;
  const parents = node.parents.map((name) => `  ${idOf(name, nodes)} --> ${to}`);
  const stores = node.kind === 'operator' ? node.operator.stores : [];
  return [...parents, ...stores.map((store) => `  ${to} -.- ${storeId(store)}`)];
}

/** A source is drawn as its topic. */
function idOf(name: string, nodes: readonly Node[]): string {
  const node = nodes.find((candidate) => candidate.name === name);
  return node?.kind === 'source' ? topicId(node.topic.name) : name;
}

const topicId = (topic: string): string => `topic:${topic}`.replaceAll(/[^\w-]/g, '_');
const storeId = (store: string): string => `store:${store}`.replaceAll(/[^\w-]/g, '_');
const quote = (text: string): string => JSON.stringify(text);
