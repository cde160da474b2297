import {formatDeserializer, formatSerializer} from './format-serde.ts';
import type {Format} from './format.ts';
import {toJsonSchema} from './json-schema.ts';
import type {Deserializer, Serializer} from './serde.ts';

/** Serdes without a registry: the same bytes, with schema ids that only this object knows. For test drivers. */
export interface LocalSerdes {
  serializer<T>(format: Format<T>): Serializer<T>;
  deserializer<T>(format: Format<T>): Deserializer<T>;
}

export function localSerdes(): LocalSerdes {
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    const id = ids.get(text) ?? ids.size + 1;
    ids.set(text, id);
    return id;
  };
  const knownIds = {has: (id: number) => id >= 1 && id <= ids.size};
  return {
    serializer: (format) =>
      formatSerializer(format, 'the record', () => idOf(toJsonSchema(format.schema))),
    deserializer: (format) => formatDeserializer(format, knownIds),
  };
}
