import type {Format} from '../serde/format.ts';

declare const reads: unique symbol;
declare const writes: unique symbol;

/** The side of a topic that records are written to. Accepts rows with more columns than it declares. */
export interface TopicSink<in K, in V> {
  readonly name: string;
  /** True for a topic that the engine creates and owns; its real name gets the application id as a prefix. */
  readonly internal: boolean;
  readonly key: Format;
  readonly value: Format;
  readonly [writes]?: (key: K, value: V) => void;
}

/** A Kafka topic and what its records look like. Declared once, used wherever it is read or written. */
export interface Topic<in out K, in out V> extends TopicSink<K, V> {
  readonly [reads]?: () => readonly [K, V];
}

interface Formats<K, V> {
  readonly key: Format<K>;
  readonly value: Format<V>;
}

/** A topic under its own name, for others to read. */
export function topic<K, V>(name: string, formats: Formats<K, V>): Topic<K, V> {
  return {name, internal: false, ...formats};
}

/** A topic that only this topology uses, `<application.id>-<name>` in Kafka. */
export function internalTopic<K, V>(name: string, formats: Formats<K, V>): Topic<K, V> {
  return {name, internal: true, ...formats};
}
