import {describeTopology} from './describe-topology.ts';
import type {Node, SourceNode, StoreSpec} from './node.ts';
import {subTopologies} from './sub-topologies.ts';
import type {SubTopology} from './sub-topologies.ts';
import {topologyMermaid} from './topology-mermaid.ts';
import {validateTopology} from './validate-topology.ts';

/** An immutable graph of sources, operators and sinks, and the stores they share. Building it does nothing. */
export class Topology {
  readonly nodes: readonly Node[];
  readonly stores: readonly StoreSpec[];
  readonly subTopologies: readonly SubTopology[];
  readonly #children: ReadonlyMap<string, readonly Node[]>;
  readonly #sources: ReadonlyMap<string, SourceNode>;

  /** @throws FatalError TOPOLOGY_INVALID */
  constructor(nodes: readonly Node[], stores: readonly StoreSpec[]) {
    validateTopology(nodes, stores);
    this.nodes = nodes;
    this.stores = stores;
    this.subTopologies = subTopologies(nodes);
    this.#children = new Map(nodes.map((node) => [node.name, childrenOf(node, nodes)]));
    this.#sources = new Map(this.sources().map((source) => [source.topic.name, source]));
  }

  /** Where a node's records go, in the order in which it must hand them on: `crossPartition` operators first. */
  children(node: string): readonly Node[] {
    return this.#children.get(node) ?? [];
  }

  sources(): readonly SourceNode[] {
    return this.nodes.filter((node) => node.kind === 'source');
  }

  /** The source that reads this topic. */
  sourceOf(topic: string): SourceNode | undefined {
    return this.#sources.get(topic);
  }

  /** A stable text form, for reviews and snapshot tests. */
  describe(): string {
    return describeTopology(this.subTopologies);
  }

  /** A Mermaid flowchart. */
  toMermaid(): string {
    return topologyMermaid(this.subTopologies, this.stores);
  }

  /** Names and edges only, for `/topology` and the page. */
  toJSON(): TopologyJson {
    return {
      subTopologies: this.subTopologies.map(({id, nodes, stores}) => ({
        id,
        nodes: nodes.map(nodeJson),
        stores,
      })),
      stores: this.stores.map(({name, changelog, published}) => ({
        name,
        changelog: changelog.name,
        published,
      })),
    };
  }
}

export interface TopologyJson {
  readonly subTopologies: readonly {
    readonly id: number;
    readonly nodes: readonly NodeJson[];
    readonly stores: readonly string[];
  }[];
  readonly stores: readonly {
    readonly name: string;
    readonly changelog: string;
    readonly published: boolean;
  }[];
}

export interface NodeJson {
  readonly name: string;
  readonly kind: Node['kind'];
  readonly parents: readonly string[];
  /** What a source reads or a sink writes. */
  readonly topic?: string;
  /** What an operator does, `latestByKey`, and the stores that it opens. */
  readonly operator?: string;
  readonly stores?: readonly string[];
}

function nodeJson(node: Node): NodeJson {
  const {name, kind} = node;
  if (kind === 'source') return {name, kind, parents: [], topic: node.topic.name};
  const {parents} = node;
  if (kind === 'sink') return {name, kind, parents, topic: node.topic.name};
  return {name, kind, parents, operator: node.operator.kind, stores: node.operator.stores};
}

function childrenOf({name}: Node, nodes: readonly Node[]): readonly Node[] {
  const children = nodes.filter((node) => node.kind !== 'source' && node.parents.includes(name));
  return [
    ...children.filter(isCrossPartition),
    ...children.filter((node) => !isCrossPartition(node)),
  ];
}

function isCrossPartition(node: Node): boolean {
  return node.kind === 'operator' && node.operator.crossPartition === true;
}
