import type {Schema} from './schema.ts';

/** How a key or a value is laid out in a Kafka record: ksqlDB's KEY_FORMAT and VALUE_FORMAT. */
export interface Format<T = unknown> {
  readonly name: 'JSON_SR' | 'JSON' | 'KAFKA';
  readonly schema: Schema<T>;
}

/** JSON behind Confluent's five-byte header; its schema lives in the Schema Registry. */
export function jsonSr<T>(schema: Schema<T>): Format<T> {
  return {name: 'JSON_SR', schema};
}

/** Plain JSON text, without a header. */
export function json<T>(schema: Schema<T>): Format<T> {
  return {name: 'JSON', schema};
}

/** Kafka's own primitive encodings (`StringSerializer`, `LongSerializer`, …); primitives only. */
export function kafka<T extends string | bigint | number | Buffer | null>(
  schema: Schema<T>,
): Format<T> {
  return {name: 'KAFKA', schema};
}
