import type {NodeJson, TopologyJson} from '../streams/topology/topology.ts';
import type {PipelineEdge, PipelineGraph, PipelineNode} from './pipeline.ts';

export interface GraphParts {
  readonly applicationId: string;
  readonly version: string;
  readonly startedAt: number;
  readonly topology: TopologyJson;
  /** The name in Kafka of a topic of the topology, and of a store's changelog. */
  readonly topicName: (topic: string) => string;
  readonly sources: readonly {
    readonly name: string;
    /** By `schema.table`: its topic. */
    readonly tables: Readonly<Record<string, string>>;
  }[];
  readonly sinks: readonly {
    readonly name: string;
    readonly connector: string;
    readonly topics: readonly string[];
  }[];
}

/** Everything that the pipeline consists of; a published table is one node with its topic, the store. */
export function pipelineGraph(parts: GraphParts): PipelineGraph {
  const nodes = new Map<string, PipelineNode>();
  const edges = new Map<string, PipelineEdge>();
  for (const source of parts.sources) addSource(source);
  for (const store of parts.topology.stores) {
    const {name, published, changelog} = store;
    add('store', name, {topic: published ? parts.topicName(changelog) : null});
  }
  for (const {id, nodes: members} of parts.topology.subTopologies) {
    for (const node of members) addNode(node, `sub-topology ${id}`);
  }
  connectStores();
  for (const {name: sink, connector, topics} of parts.sinks) {
    for (const topic of topics) {
      const id = add('warehouse', topic, {group: `sink ${sink}`, detail: connector, topic}, sink);
      connect(topicOrStore(topic), id);
    }
  }
  const {applicationId, version, startedAt} = parts;
  return {
    applicationId,
    version,
    startedAt,
    nodes: [...nodes.values()],
    edges: [...edges.values()],
  };

  function add(
    kind: PipelineNode['kind'],
    name: string,
    about: Partial<PipelineNode> = {},
    within?: string,
  ): string {
    const id = nodeId(kind, within === undefined ? name : `${within}/${name}`);
    nodes.set(id, {id, kind, name, group: null, detail: '', topic: null, ...about});
    return id;
  }

  function connect(from: string, to: string, kind: PipelineEdge['kind'] = 'flow'): void {
    edges.set(`${from} ${to}`, {from, to, kind});
  }

  function topicNode(name: string): string {
    const id = nodeId('topic', name);
    return nodes.has(id) ? id : add('topic', name, {topic: parts.topicName(name)});
  }

  /** The store that a published table is kept in, or the topic. */
  function topicOrStore(name: string): string {
    const store = parts.topology.stores.find((s) => s.published && s.changelog === name);
    return store === undefined ? topicNode(name) : nodeId('store', store.name);
  }

  function addSource({name: source, tables}: GraphParts['sources'][number]): void {
    for (const [table, to] of Object.entries(tables)) {
      connect(add('table', table, {group: `source ${source}`, topic: to}, source), topicNode(to));
    }
  }

  function addNode({name, kind, parents, ...node}: NodeJson, group: string): void {
    if (kind === 'operator') {
      const id = add('operator', name, {group, detail: node.operator ?? ''});
      for (const parent of parents) connect(nodeOf(parent), id);
    } else if (node.topic !== undefined) {
      const id = topicNode(node.topic);
      for (const parent of parents) connect(nodeOf(parent), id);
    }
  }

  /** A source is drawn as its topic. */
  function nodeOf(parent: string): string {
    const source = allNodes(parts.topology).find(({name}) => name === parent);
    return source?.kind === 'source' && source.topic !== undefined
      ? topicNode(source.topic)
      : nodeId('operator', parent);
  }

  /** The first operator that opens a store writes it; the others read it. */
  function connectStores(): void {
    const written = new Set<string>();
    for (const {name, stores = []} of allNodes(parts.topology)) {
      for (const store of stores) {
        const ids = [nodeId('operator', name), nodeId('store', store)] as const;
        if (written.has(store)) connect(ids[1], ids[0], 'state');
        else connect(ids[0], ids[1], 'state');
        written.add(store);
      }
    }
  }
}

function allNodes({subTopologies}: TopologyJson): readonly NodeJson[] {
  return subTopologies.flatMap(({nodes}) => nodes);
}

export function nodeId(kind: PipelineNode['kind'], name: string): string {
  return `${kind}/${name}`;
}
