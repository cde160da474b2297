import type {Clock} from '../common/clock.ts';
import {formatDeserializer, formatSerializer} from './format-serde.ts';
import {toJsonSchema} from './json-schema.ts';
import {schemaIdOf} from './json-sr-serde.ts';
import type {SchemaRegistry} from './registry/schema-registry.ts';
import type {Serdes} from './serde.ts';

/** How long the registry's "no such id" holds: a record without a schema must not cost a request each time. */
const unknownForMs = 10_000;

/** Garbage read as ids must not fill the memory: past this many, the oldest answer is forgotten. */
const maxUnknown = 1000;

/**
 * Serdes over a Schema Registry.
 *
 * Registers each schema once per subject, and asks for each schema id once, one after another.
 */
export function registrySerdes(registry: SchemaRegistry, clock: Clock): Serdes {
  const registered = new Map<string, Promise<number>>();
  const known = new Set<number>();
  /** Until when an id counts as unknown, oldest answer first. */
  const unknown = new Map<number, number>();
  const inFlight = new Map<number, Promise<void>>();

  const register = async (subject: string, schema: string): Promise<number> => {
    const cacheKey = JSON.stringify([subject, schema]);
    const pending = registered.get(cacheKey) ?? registry.register(subject, schema);
    registered.set(cacheKey, pending);
    try {
      const id = await pending;
      known.add(id);
      unknown.delete(id);
      return id;
    } catch (error) {
      registered.delete(cacheKey);
      throw error;
    }
  };

  const lookUp = async (id: number): Promise<void> => {
    if ((await registry.byId(id)) !== undefined) {
      known.add(id);
      unknown.delete(id);
      return;
    }
    unknown.delete(id);
    unknown.set(id, clock.now() + unknownForMs);
    const [oldest] = unknown.keys();
    if (unknown.size > maxUnknown && oldest !== undefined) unknown.delete(oldest);
  };

  const resolveId = (id: number): Promise<void> => {
    const pending = inFlight.get(id) ?? lookUp(id).finally(() => inFlight.delete(id));
    inFlight.set(id, pending);
    return pending;
  };

  return {
    async serializer(format, topic, side) {
      const subject = `${topic}-${side}`;
      const id =
        format.name === 'JSON_SR' ? await register(subject, toJsonSchema(format.schema)) : 0;
      return formatSerializer(format, subject, () => id);
    },
    deserializer: (format) => formatDeserializer(format, known),
    async resolve(format, bytes) {
      if (format.name !== 'JSON_SR') return;
      let lastId: number | undefined;
      for (const record of bytes) {
        const id = record === null ? undefined : schemaIdOf(record);
        if (id === undefined || id === lastId || known.has(id)) continue;
        lastId = id;
        const until = unknown.get(id);
        if (until === undefined || until <= clock.now()) await resolveId(id);
      }
    },
  };
}
