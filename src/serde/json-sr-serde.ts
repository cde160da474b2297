import {jsonDeserializer, jsonSerializer} from './json-serde.ts';
import type {Schema} from './schema.ts';
import {UnreadableRecordError} from './serde.ts';
import type {Deserializer, Serializer} from './serde.ts';

/** Confluent's wire format: a zero byte, the schema id as a big-endian int32, then JSON. */
const headerLength = 5;

/** Writes JSON behind the header with `id`. */
export function jsonSrSerializer<T>(schema: Schema<T>, id: number, where: string): Serializer<T> {
  const header = Buffer.alloc(headerLength);
  header.writeInt32BE(id, 1);
  return jsonSerializer(schema, where, header);
}

/** Which schema ids the registry is known to have. */
export interface KnownIds {
  has(id: number): boolean;
}

/** Reads JSON behind a header whose id is known; what the writer's schema says beyond the JSON is not used. */
export function jsonSrDeserializer<T>(schema: Schema<T>, knownIds: KnownIds): Deserializer<T> {
  const json = jsonDeserializer(schema, headerLength);
  let lastId = -1;
  return {
    deserialize(bytes) {
      const id = schemaIdOf(bytes);
      if (id === undefined) throw new UnreadableRecordError(headerProblem(bytes));
      if (id !== lastId) {
        if (!knownIds.has(id)) {
          throw new UnreadableRecordError(`the schema registry does not know its schema id ${id}`);
        }
        lastId = id;
      }
      return json.deserialize(bytes);
    },
  };
}

/** The schema id that a record carries; undefined when it has no header. */
export function schemaIdOf(bytes: Buffer): number | undefined {
  return bytes.length > headerLength && bytes[0] === 0 ? bytes.readInt32BE(1) : undefined;
}

function headerProblem(bytes: Buffer): string {
  if (bytes.length > 0 && bytes[0] !== 0) {
    return `it begins with byte 0x${bytes.toString('hex', 0, 1)} instead of the schema registry's 0x00; it may be plain JSON`;
  }
  return `its ${bytes.length} bytes are too short for a schema id and a value`;
}
