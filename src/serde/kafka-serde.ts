import {FatalError} from '../common/errors.ts';
import type {Schema, SchemaType} from './schema.ts';
import {UnreadableRecordError} from './serde.ts';
import type {Deserializer, Serializer} from './serde.ts';
import {preview, unwritable} from './unwritable.ts';
import {decodeUtf8} from './utf8.ts';

/**
 * Kafka's own serializers: text as UTF-8, bytes as they are, numbers big-endian.
 *
 * A null is not a value here: the caller writes it as a null key or value.
 *
 * @throws FatalError SCHEMA_INVALID for a type that has no such serializer.
 */
export function kafkaSerializer<T>(schema: Schema<T>, where: string): Serializer<T> {
  const {takes, accepts, write} = primitive(schema);
  return {
    serialize(value) {
      if (accepts(value)) return write(value);
      throw unwritable(where, '', `${schema.type} takes ${takes}, not ${preview(value)}`);
    },
  };
}

/** Reads what {@link kafkaSerializer} writes. */
export function kafkaDeserializer<T>(schema: Schema<T>): Deserializer<T> {
  const {size, read} = primitive(schema);
  return {
    deserialize(bytes) {
      if (size === undefined || bytes.length === size) return read(bytes) as T;
      throw new UnreadableRecordError(
        `${schema.type} has ${size} bytes, but it has ${bytes.length}`,
      );
    },
  };
}

interface Primitive {
  /** Bytes; undefined when any number will do. */
  readonly size?: number;
  readonly takes: string;
  readonly accepts: (value: unknown) => boolean;
  readonly write: (value: unknown) => Buffer;
  readonly read: (bytes: Buffer) => unknown;
}

function primitive({type}: Schema): Primitive {
  const found = primitives[type];
  if (found !== undefined) return found;
  throw new FatalError(
    'SCHEMA_INVALID',
    `the KAFKA format cannot hold ${type}; use JSON or JSON_SR`,
  );
}

function fixed(
  size: number,
  takes: string,
  accepts: (value: unknown) => boolean,
  encoding: 'Int32BE' | 'BigInt64BE' | 'FloatBE' | 'DoubleBE',
): Primitive {
  return {
    size,
    takes,
    accepts,
    write: (value) => {
      const bytes = Buffer.allocUnsafe(size);
      bytes[`write${encoding}`](value as never);
      return bytes;
    },
    read: (bytes) => bytes[`read${encoding}`](),
  };
}

const isNumber = (value: unknown): boolean => typeof value === 'number';
const isInt16 = (value: unknown): boolean =>
  typeof value === 'number' && (value << 16) >> 16 === value;
const isInt32 = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value;
const isInt64 = (value: unknown): boolean =>
  typeof value === 'bigint' && BigInt.asIntN(64, value) === value;

const surrogate = /\p{Surrogate}/u;

const primitives: Readonly<Partial<Record<SchemaType, Primitive>>> = {
  VARCHAR: {
    takes: 'text without lone surrogates',
    accepts: (value) => typeof value === 'string' && !surrogate.test(value),
    write: (value) => Buffer.from(value as string),
    read: (bytes) => decodeUtf8(bytes, 0),
  },
  BYTES: {
    takes: 'a Buffer',
    accepts: (value) => Buffer.isBuffer(value),
    write: (value) => value as Buffer,
    read: (bytes) => bytes,
  },
  // ksqlDB has no type below INT: an int16 travels as an int32.
  SMALLINT: fixed(4, 'an integer of 16 bits', isInt16, 'Int32BE'),
  INTEGER: fixed(4, 'an integer of 32 bits', isInt32, 'Int32BE'),
  BIGINT: fixed(8, 'a bigint of 64 bits', isInt64, 'BigInt64BE'),
  REAL: fixed(4, 'a number', isNumber, 'FloatBE'),
  DOUBLE: fixed(8, 'a number', isNumber, 'DoubleBE'),
};
