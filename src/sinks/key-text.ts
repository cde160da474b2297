import {jsonSerializer} from '../serde/json-serde.ts';
import type {Schema} from '../serde/schema.ts';

/** The text of a key that is not null: a VARCHAR's own, else its JSON as records carry it, unquoted where that is a string. */
export function keyText(schema: Schema): (key: unknown) => string {
  if (schema.type === 'VARCHAR') return (key) => key as string;
  const json = jsonSerializer(schema, 'the key');
  return (key) => {
    const text = json.serialize(key).toString();
    return text.startsWith('"') ? (JSON.parse(text) as string) : text;
  };
}
