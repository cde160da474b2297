import type {Format} from './format.ts';
import {jsonDeserializer, jsonSerializer} from './json-serde.ts';
import {jsonSrDeserializer, jsonSrSerializer} from './json-sr-serde.ts';
import type {KnownIds} from './json-sr-serde.ts';
import {kafkaDeserializer, kafkaSerializer} from './kafka-serde.ts';
import type {Deserializer, Serializer} from './serde.ts';

/** The serializer of a format; `schemaId` is asked for under JSON_SR only. */
export function formatSerializer<T>(
  {name, schema}: Format<T>,
  where: string,
  schemaId: () => number,
): Serializer<T> {
  if (name === 'KAFKA') return kafkaSerializer(schema, where);
  if (name === 'JSON') return jsonSerializer(schema, where);
  return jsonSrSerializer(schema, schemaId(), where);
}

/** The deserializer of a format; `knownIds` matters under JSON_SR only. */
export function formatDeserializer<T>(
  {name, schema}: Format<T>,
  knownIds: KnownIds,
): Deserializer<T> {
  if (name === 'KAFKA') return kafkaDeserializer(schema);
  if (name === 'JSON') return jsonDeserializer(schema);
  return jsonSrDeserializer(schema, knownIds);
}
