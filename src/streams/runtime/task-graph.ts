import {projector} from '../../serde/row-projection.ts';
import type {Schema} from '../../serde/schema.ts';
import type {KeyValueStore} from '../../state/key-value-store.ts';
import type {Process, StreamHeader, StreamRecord} from '../processor.ts';
import type {Node, OperatorNode, SinkNode, SourceNode} from '../topology/node.ts';
import {refusal} from '../topology/source-admission.ts';
import type {Topology} from '../topology/topology.ts';
import type {NodeMeters} from './node-meters.ts';
import type {Output} from './record-collector.ts';

type AnyProcess = Process<unknown, unknown>;

/** What the published tables' records take over from the record that is being processed. */
export interface WriteContext {
  timestamp: number;
  headers: readonly StreamHeader[];
}

export interface TaskGraphOptions {
  readonly topology: Topology;
  readonly nodes: readonly Node[];
  readonly handsOn: boolean;
  readonly stores: ReadonlyMap<string, KeyValueStore<unknown, unknown>>;
  /** Names of the stores of which each put is a record of its own. */
  readonly publishedStores: ReadonlySet<string>;
  /** By the topic's name in the topology; those that are only handed on have none. */
  readonly outputs: ReadonlyMap<string, Output>;
  readonly context: WriteContext;
  readonly meters: NodeMeters;
}

/**
 * The nodes of a task as functions that call each other; all names are resolved here, none per record.
 *
 * Where records are handed on, a sink calls the source that reads its topic, with the value that reading it back would give.
 */
export class TaskGraph {
  readonly #options: TaskGraphOptions;
  readonly #names: ReadonlySet<string>;
  readonly #processes = new Map<string, AnyProcess>();
  readonly #dropped = new Map<string, Map<string, number>>();

  constructor(options: TaskGraphOptions) {
    this.#options = options;
    this.#names = new Set(options.nodes.map(({name}) => name));
  }

  /** What handles the records of a source. */
  source(node: SourceNode): AnyProcess {
    return this.#process(node);
  }

  /** A counter of what a node drops, by reason. */
  dropper(node: string): (reason: string) => void {
    const counts = this.#dropped.get(node) ?? new Map<string, number>();
    this.#dropped.set(node, counts);
    return (reason) => counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  /** Reports what was dropped since the last call. */
  takeDropped(report: (node: string, reason: string, count: number) => void): void {
    for (const [node, counts] of this.#dropped) {
      // A map that is cleared takes new memory, which the old one keeps alive.
      if (counts.size === 0) continue;
      for (const [reason, count] of counts) report(node, reason, count);
      counts.clear();
    }
  }

  #process(node: Node): AnyProcess {
    const known = this.#processes.get(node.name);
    if (known !== undefined) return known;
    const process = this.#options.meters.metered(node.name, this.#create(node));
    this.#processes.set(node.name, process);
    return process;
  }

  #create(node: Node): AnyProcess {
    if (node.kind === 'sink') return this.#sink(node);
    const children = this.#options.topology
      .children(node.name)
      .filter(({name}) => this.#names.has(name))
      .map((child) => this.#process(child));
    const forward = forwardTo(children);
    const passesBy =
      node.kind === 'source' || (this.#options.handsOn && node.operator.betweenTasks === true);
    return passesBy ? forward : this.#operator(node, forward);
  }

  #operator({name, operator}: OperatorNode, forward: AnyProcess): AnyProcess {
    const {stores, publishedStores, context} = this.#options;
    const process = operator.create({
      forward,
      store: <K, V>(store: string) => stores.get(store) as KeyValueStore<K, V>,
      dropped: this.dropper(name),
    }) as AnyProcess;
    if (!operator.stores.some((store) => publishedStores.has(store))) return process;
    return (record) => {
      context.timestamp = record.timestamp;
      context.headers = record.headers;
      process(record);
    };
  }

  #sink({topic}: SinkNode): AnyProcess {
    const {topology, handsOn, outputs} = this.#options;
    const output = outputs.get(topic.name);
    const reader = handsOn ? topology.sourceOf(topic.name) : undefined;
    const handOn = reader === undefined ? undefined : this.#handOn(reader);
    if (output === undefined) return handOn ?? (() => undefined);
    if (handOn === undefined) return (record) => output.write(record);
    return (record) => {
      output.write(record);
      handOn(record);
    };
  }

  #handOn(source: SourceNode): AnyProcess {
    const process = this.#process(source);
    const dropped = this.dropper(source.name);
    const {topic} = source;
    const projectKey = projection(topic.key.schema, `a key of ${topic.name}`);
    const projectValue = projection(topic.value.schema, `a value of ${topic.name}`);
    return (record) => {
      const {key, value, timestamp, headers} = record;
      const reason = refusal(source, key as Buffer | null, value as Buffer | null);
      if (reason !== undefined) return dropped(reason);
      process({key: projectKey(key), value: projectValue(value), timestamp, headers});
    };
  }
}

/** What a trip through bytes makes of a value; tombstones and null keys stay null. */
function projection(schema: Schema, where: string): (value: unknown) => unknown {
  const project = projector(schema, where);
  return (value) => (value === null ? null : project(value));
}

function forwardTo(children: readonly AnyProcess[]): AnyProcess {
  const [first, second] = children;
  if (first === undefined) return () => undefined;
  if (second === undefined) return first;
  if (children.length === 2) {
    return (record) => {
      first(record);
      second(record);
    };
  }
  return (record: StreamRecord<unknown, unknown>) => {
    for (let i = 0; i < children.length; i++) (children[i] as AnyProcess)(record);
  };
}
