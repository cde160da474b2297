import {parseJsonSchema} from '../serde/parse-json-schema.ts';
import type {Schema} from '../serde/schema.ts';
import {UnreadableRecordError} from '../serde/serde.ts';

/** How values of one registered schema carry their row. */
export interface RegisteredLayout {
  /** The row's columns: a STRUCT. */
  readonly row: Schema;
  /** `envelope`: a change event of Debezium's, the row is its `after`. `flat`: the value is the row. */
  readonly form: 'envelope' | 'flat';
  /** A flat row says in `__deleted` whether it was deleted. */
  readonly hasDeleted: boolean;
}

/** @throws UnreadableRecordError for a schema without columns. */
export function registeredLayout(jsonSchema: string): RegisteredLayout {
  const schema = parseJsonSchema(jsonSchema);
  const after = schema?.fields?.['after'];
  if (schema?.name?.endsWith('.Envelope') === true && after?.type === 'STRUCT')
    return {row: after, form: 'envelope', hasDeleted: false};
  if (schema?.type !== 'STRUCT')
    throw new UnreadableRecordError(
      `its schema describes ${schema?.type ?? 'nothing'}, and a row needs an object with properties`,
    );
  return {row: schema, form: 'flat', hasDeleted: '__deleted' in (schema.fields ?? {})};
}
