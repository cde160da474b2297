import {jsonDeserializer, jsonSerializer} from '../../../serde/json-serde.ts';
import type {Schema} from '../../../serde/schema.ts';
import {UnreadableRecordError} from '../../../serde/serde.ts';
import {QueryError} from './query-error.ts';

/**
 * The key that a text stands for: itself where keys are text, otherwise its JSON (`{"id":"c1"}`, `7`).
 *
 * @throws QueryError KEY_INVALID
 */
export function parseKey(schema: Schema, text: string): unknown {
  if (schema.type === 'VARCHAR') return text;
  let key: unknown;
  try {
    key = jsonDeserializer(schema).deserialize(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof UnreadableRecordError)) throw error;
    throw invalid(schema, error.message);
  }
  if (key === null) throw invalid(schema, 'it is null');
  return key;
}

/** The text that {@link parseKey} makes the key of. */
export function keyText(schema: Schema, key: unknown): string {
  if (schema.type === 'VARCHAR') return String(key);
  return jsonSerializer(schema, 'a key').serialize(key).toString();
}

/** A value as JSON can have it without losing digits: int64 as text, bytes as base64. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, column]) => [name, plainValue(column)]),
  );
}

function invalid(schema: Schema, reason: string): QueryError {
  const expected =
    schema.type === 'STRUCT'
      ? `a JSON object with ${Object.keys(schema.fields ?? {}).join(', ')}`
      : `JSON for ${schema.type}`;
  return new QueryError(
    'invalid',
    'KEY_INVALID',
    `That is no key of this table: expected ${expected}; ${reason}.`,
  );
}
