import type {StoreName} from '../operators/store-name.ts';
import type {Operator} from '../processor.ts';
import type {Topic, TopicSink} from '../topic.ts';
import {feeds} from '../topology/feeds.ts';
import type {Node, SourceNode, StoreSpec} from '../topology/node.ts';
import {Topology} from '../topology/topology.ts';
import {KStream} from './kstream.ts';

/** Collects nodes while a topology is being described. */
export class StreamsBuilder {
  readonly #nodes: Node[] = [];
  readonly #stores: StoreSpec[] = [];
  readonly #counts = new Map<string, number>();

  /**
   * Reads a topic as a stream: every record is an event of its own.
   *
   * Tombstones are dropped, as Debezium's are only compaction marks, unless the topic's value schema is nullable: then
   * they arrive as null.
   */
  stream<K, V>(topic: Topic<K, V>): KStream<K, V> {
    const tombstones = topic.value.schema.nullable ? 'pass' : 'drop';
    return new KStream(this, [this.addSource(topic, tombstones)]);
  }

  /** @throws FatalError TOPOLOGY_INVALID */
  build(): Topology {
    const nodes = this.#nodes.map((node) =>
      node.kind === 'source'
        ? {...node, feeds: feeds(node, this.#nodes), repartitioned: this.#isWritten(node.topic)}
        : node,
    );
    return new Topology(nodes, [...this.#stores]);
  }

  /** @internal */
  streamOf<K, V>(node: string): KStream<K, V> {
    return new KStream(this, [node]);
  }

  /** @internal */
  addSource<K, V>(topic: Topic<K, V>, tombstones: SourceNode['tombstones']): string {
    return this.#add({
      kind: 'source',
      name: this.#name('source'),
      topic,
      feeds: 'stream',
      repartitioned: false,
      tombstones,
    });
  }

  /** @internal */
  addOperator<KIn, VIn, KOut, VOut>(
    operator: Operator<KIn, VIn, KOut, VOut>,
    parents: readonly string[],
  ): string {
    return this.#add({kind: 'operator', name: this.#name(operator.kind), operator, parents});
  }

  /** @internal */
  addSink<K, V>(topic: TopicSink<K, V>, parents: readonly string[]): string {
    return this.#add({kind: 'sink', name: this.#name('sink'), topic, parents});
  }

  /** @internal A store that `changelog` backs up; a topic that others may read is written row by row. */
  addStore<K, V>(changelog: Topic<K, V>): StoreName<V> {
    this.#stores.push({name: changelog.name, changelog, published: !changelog.internal});
    return changelog.name;
  }

  #isWritten({name}: {readonly name: string}): boolean {
    return this.#nodes.some((node) => node.kind === 'sink' && node.topic.name === name);
  }

  #add(node: Node): string {
    this.#nodes.push(node);
    return node.name;
  }

  #name(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}-${count}`;
  }
}
