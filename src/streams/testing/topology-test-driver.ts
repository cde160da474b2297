import {localSerdes} from '../../serde/local-serdes.ts';
import type {Format} from '../../serde/format.ts';
import type {Process, StreamHeader, StreamRecord} from '../processor.ts';
import type {Topic, TopicSink} from '../topic.ts';
import type {Node, SourceNode, StoreSpec} from '../topology/node.ts';
import {refusal} from '../topology/source-admission.ts';
import type {Topology} from '../topology/topology.ts';
import {DriverStore} from './driver-store.ts';
import type {Serde} from './driver-store.ts';

/** Where a test writes input. A null value is a tombstone. */
export interface TestInputTopic<K, V> {
  pipe(key: K | null, value: V | null, timestamp?: number, headers?: readonly StreamHeader[]): void;
}

/** What the topology has written to a topic since it was last read, in order; null values are tombstones. */
export interface TestOutputTopic<K, V> {
  read(): readonly (readonly [K, V | null])[];
  /** The same with timestamps and headers. */
  readRecords(): readonly StreamRecord<K, V | null>[];
}

interface Written {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
  readonly headers: readonly StreamHeader[];
}

/**
 * Runs a topology in memory as the one task of it, without Kafka, clocks or promises.
 *
 * Each piped record is processed to the end, through every repartition topic, before `pipe` returns. Records and rows
 * pass through the real formats, so a serde that does not match its rows fails here. A failed `pipe` leaves the driver
 * half way: make a new one.
 */
export class TopologyTestDriver {
  readonly #topology: Topology;
  readonly #serdes = localSerdes();
  readonly #formats = new Map<Format<any>, Serde<any>>();
  readonly #stores = new Map<string, DriverStore<any, any>>();
  readonly #processes = new Map<string, Process<any, any>>();
  readonly #outputs = new Map<string, Written[]>();
  readonly #dropped = new Map<string, number>();
  /** Of the record in process: what tables write takes its timestamp. */
  #timestamp = 0;

  constructor(topology: Topology) {
    this.#topology = topology;
    for (const spec of topology.stores) this.#stores.set(spec.name, this.#store(spec));
    for (const node of topology.nodes) this.#processes.set(node.name, this.#process(node));
  }

  input<K, V>(topic: Topic<K, V>): TestInputTopic<K, V> {
    const source = this.#topology.sourceOf(topic.name);
    if (source === undefined) throw new Error(`The topology does not read "${topic.name}".`);
    return {
      pipe: (key, value, timestamp = 0, headers = []) => {
        this.#enter(source, this.#bytes(topic, {key, value, timestamp, headers}));
      },
    };
  }

  output<K, V>(topic: Topic<K, V>): TestOutputTopic<K, V> {
    const readRecords = (): readonly StreamRecord<K, V | null>[] => {
      const written = this.#outputs.get(topic.name) ?? [];
      this.#outputs.delete(topic.name);
      return written.map((record) => this.#record(topic, record));
    };
    return {readRecords, read: () => readRecords().map(({key, value}) => [key, value] as const)};
  }

  /** The rows of the table, or the entries of the store, that this topic holds. */
  table<K, V>(topic: Topic<K, V>): ReadonlyMap<K, V> {
    const store: DriverStore<K, V> | undefined = this.#stores.get(topic.name);
    if (store === undefined) throw new Error(`The topology keeps no table in "${topic.name}".`);
    return new Map(store.range());
  }

  /** How many records went no further, by reason. */
  dropped(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#dropped);
  }

  #store({name, changelog, published}: StoreSpec): DriverStore<any, any> {
    return new DriverStore(
      name,
      this.#serde(changelog.key),
      this.#serde(changelog.value),
      published
        ? (key, value) => {
            this.#log(name, {key, value, timestamp: this.#timestamp, headers: []});
          }
        : undefined,
    );
  }

  #process(node: Node): Process<any, any> {
    if (node.kind === 'sink') return (record) => this.#write(node.topic, record);
    const children = this.#topology.children(node.name);
    const forward: Process<any, any> = (record) => {
      for (const child of children) {
        this.#timestamp = record.timestamp;
        this.#processes.get(child.name)?.(record);
      }
    };
    if (node.kind === 'source') return forward;
    return node.operator.create({
      forward,
      store: (name) => this.#stores.get(name) as DriverStore<any, any>,
      dropped: (reason) => this.#drop(reason),
    });
  }

  #write(topic: TopicSink<any, any>, record: StreamRecord<any, any>): void {
    const written = this.#bytes(topic, record);
    this.#log(topic.name, written);
    const source = this.#topology.sourceOf(topic.name);
    if (source !== undefined) this.#enter(source, written);
  }

  #enter(source: SourceNode, written: Written): void {
    const reason = refusal(source, written.key, written.value);
    if (reason === undefined) {
      this.#processes.get(source.name)?.(this.#record(source.topic, written));
    } else {
      this.#drop(reason);
    }
  }

  #log(topic: string, written: Written): void {
    const output = this.#outputs.get(topic);
    if (output === undefined) this.#outputs.set(topic, [written]);
    else output.push(written);
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  #bytes(topic: TopicSink<any, any>, record: StreamRecord<any, any>): Written {
    const {key, value, timestamp, headers} = record;
    return {
      key: key === null ? null : this.#serde(topic.key).serialize(key),
      value: value === null ? null : this.#serde(topic.value).serialize(value),
      timestamp,
      headers,
    };
  }

  #record(
    topic: Topic<any, any>,
    {key, value, timestamp, headers}: Written,
  ): StreamRecord<any, any> {
    return {
      key: key === null ? null : this.#serde(topic.key).deserialize(key),
      value: value === null ? null : this.#serde(topic.value).deserialize(value),
      timestamp,
      headers,
    };
  }

  #serde<T>(format: Format<T>): Serde<T> {
    const known = this.#formats.get(format);
    if (known !== undefined) return known;
    const serializer = this.#serdes.serializer(format);
    const deserializer = this.#serdes.deserializer(format);
    const serde: Serde<T> = {
      serialize: (value) => serializer.serialize(value),
      deserialize: (bytes) => deserializer.deserialize(bytes),
    };
    this.#formats.set(format, serde);
    return serde;
  }
}
