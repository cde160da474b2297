import type {Deserializer, Serdes, Serializer} from '../../serde/serde.ts';
import type {Serde} from '../../state/typed-store.ts';
import type {SourceNode, StoreSpec} from '../topology/node.ts';
import type {Topology} from '../topology/topology.ts';
import type {TopicSink} from '../topic.ts';
import {changelogName, topicName} from './topic-names.ts';

export interface KeyValueSerializers {
  readonly key: Serializer<unknown>;
  readonly value: Serializer<unknown>;
}

export interface KeyValueDeserializers {
  readonly key: Deserializer<unknown>;
  readonly value: Deserializer<unknown>;
}

export interface KeyValueSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

/** The serdes of everything that a topology reads and writes, by name in the topology. */
export interface TopologySerdes {
  readonly sources: ReadonlyMap<string, KeyValueDeserializers>;
  readonly sinks: ReadonlyMap<string, KeyValueSerializers>;
  readonly stores: ReadonlyMap<string, KeyValueSerdes>;
}

/** Builds them once; schemas of topics that are written are registered under their names in Kafka. */
export async function openSerdes(
  serdes: Serdes,
  applicationId: string,
  topology: Topology,
  isWritten: (topic: TopicSink<never, never>) => boolean,
): Promise<TopologySerdes> {
  const sources = new Map<string, KeyValueDeserializers>();
  const sinks = new Map<string, KeyValueSerializers>();
  const stores = new Map<string, KeyValueSerdes>();
  for (const node of topology.nodes) {
    if (node.kind === 'source') sources.set(node.topic.name, deserializers(serdes, node.topic));
    if (node.kind !== 'sink' || sinks.has(node.topic.name) || !isWritten(node.topic)) continue;
    const name = topicName(applicationId, node.topic);
    sinks.set(node.topic.name, await serializers(serdes, node.topic, name));
  }
  for (const spec of topology.stores) {
    stores.set(spec.name, await storeSerdes(serdes, spec, changelogName(applicationId, spec)));
  }
  return {sources, sinks, stores};
}

async function serializers(
  serdes: Serdes,
  topic: TopicSink<never, never>,
  name: string,
): Promise<KeyValueSerializers> {
  return {
    key: await serdes.serializer(topic.key, name, 'key'),
    value: await serdes.serializer(topic.value, name, 'value'),
  };
}

function deserializers(serdes: Serdes, topic: SourceNode['topic']): KeyValueDeserializers {
  return {key: serdes.deserializer(topic.key), value: serdes.deserializer(topic.value)};
}

async function storeSerdes(
  serdes: Serdes,
  {changelog}: StoreSpec,
  name: string,
): Promise<KeyValueSerdes> {
  const to = await serializers(serdes, changelog, name);
  const from = deserializers(serdes, changelog);
  return {key: serde(to.key, from.key), value: serde(to.value, from.value)};
}

function serde(
  serializer: Serializer<unknown>,
  deserializer: Deserializer<unknown>,
): Serde<unknown> {
  return {
    serialize: (value) => serializer.serialize(value),
    deserialize: (bytes) => deserializer.deserialize(bytes),
  };
}
