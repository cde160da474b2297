import type {ConsumedRecord} from '../../kafka/client.ts';
import {FatalError} from '../../common/errors.ts';
import {compatibilityOf} from './compatibility-level.ts';
import type {RegisteredSchemas, SchemaVersion} from './registered-schemas.ts';
import type {Compatibility} from './schema-registry.ts';

/** A record of Confluent's `_schemas` topic; the topic is compacted by these keys. */
export interface SchemasRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

interface Key {
  readonly keytype: string;
  readonly subject?: string | null;
  readonly version?: number;
}

interface Value {
  readonly version?: number;
  readonly id?: number;
  readonly schema?: string;
  readonly deleted?: boolean;
  readonly compatibilityLevel?: string;
}

export function schemaRecord({
  subject,
  version,
  id,
  schema,
  deleted,
}: SchemaVersion): SchemasRecord {
  return record(
    {keytype: 'SCHEMA', subject, version, magic: 1},
    {subject, version, id, schemaType: 'JSON', schema, deleted},
  );
}

export function configRecord(subject: string, compatibilityLevel: Compatibility): SchemasRecord {
  return record({keytype: 'CONFIG', subject, magic: 0}, {subject, compatibilityLevel});
}

/**
 * Brings `schemas` up to date with one record. Key types that have no meaning here are passed over.
 *
 * @throws FatalError KAFKA_LOG_CORRUPTED when the record is not of a schema registry.
 */
export function applySchemasRecord(schemas: RegisteredSchemas, consumed: ConsumedRecord): void {
  const {key, value} = parse(consumed);
  const {subject} = key;
  if (typeof subject !== 'string') return;
  if (key.keytype === 'CONFIG') {
    schemas.setCompatibility(subject, compatibilityOf(value?.compatibilityLevel));
  } else if (key.keytype === 'DELETE_SUBJECT') {
    schemas.deleteUpTo(subject, value?.version ?? 0);
  } else if (key.keytype === 'SCHEMA') {
    const {version = 0} = key;
    if (value?.id === undefined || value.schema === undefined) schemas.remove(subject, version);
    else {
      const {id, schema, deleted = false} = value;
      schemas.add({subject, version, id, schema, deleted});
    }
  }
}

function parse({key, value, offset}: ConsumedRecord): {key: Key; value: Value | null} {
  try {
    return {
      key: JSON.parse(String(key)) as Key,
      value: value === null ? null : (JSON.parse(String(value)) as Value),
    };
  } catch (error) {
    throw new FatalError(
      'KAFKA_LOG_CORRUPTED',
      `the schema registry's topic holds no registry record at offset ${offset}; something else writes to it: give the registry a topic of its own`,
      {cause: error},
    );
  }
}

function record(key: object, value: object): SchemasRecord {
  return {key: Buffer.from(JSON.stringify(key)), value: Buffer.from(JSON.stringify(value))};
}
