import {jsonReader} from './json-reader.ts';
import {jsonWriter} from './json-writer.ts';
import {RecordBuffer} from './record-buffer.ts';
import type {Schema} from './schema.ts';
import type {Deserializer, Serializer} from './serde.ts';
import {decodeUtf8} from './utf8.ts';

/**
 * Writes values as JSON, byte for byte what `JSON.stringify` gives for a row of the declared columns.
 *
 * int64 keeps all its digits; decimals and bytes are base64; NaN and the infinities are strings. `where` names what is
 * written in errors; `header` goes before each value.
 */
export function jsonSerializer<T>(
  schema: Schema<T>,
  where: string,
  header: Buffer = Buffer.alloc(0),
): Serializer<T> {
  const write = jsonWriter(schema, where);
  const out = new RecordBuffer();
  return {
    serialize(value) {
      out.begin();
      out.raw(header);
      write(out, value);
      return out.end();
    },
  };
}

/** Reads what {@link jsonSerializer} writes, and other writers' JSON as ksqlDB does. Skips `headerLength` bytes. */
export function jsonDeserializer<T>(schema: Schema<T>, headerLength = 0): Deserializer<T> {
  const read = jsonReader(schema);
  return {deserialize: (bytes) => read(decodeUtf8(bytes, headerLength)) as T};
}
