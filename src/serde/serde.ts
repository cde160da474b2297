import type {Format} from './format.ts';

/** Values to bytes, synchronously. Columns that the schema does not declare are left out; absent ones become null. */
export interface Serializer<T> {
  /** @throws FatalError RECORD_UNWRITABLE when the value does not fit its schema. */
  serialize(value: T): Buffer;
}

/** Bytes to values, synchronously. Columns that the schema does not declare are left out; absent ones become null. */
export interface Deserializer<T> {
  /** @throws UnreadableRecordError when the bytes are not what the format says. */
  deserialize(bytes: Buffer): T;
}

/** Builds serializers and deserializers once per topic; what needs the registry happens here, before any record. */
export interface Serdes {
  /** Under JSON_SR registers the schema as the subject `<topic>-key` or `<topic>-value`. */
  serializer<T>(format: Format<T>, topic: string, side: RecordSide): Promise<Serializer<T>>;
  deserializer<T>(format: Format<T>): Deserializer<T>;
  /**
   * Looks up the schema ids in these bytes that have not been met before, so that `deserialize` can stay synchronous.
   * A record whose id the registry does not know is not an error here: `deserialize` throws for it.
   */
  resolve(format: Format, bytes: readonly (Buffer | null)[]): Promise<void>;
}

export type RecordSide = 'key' | 'value';

/** A key or value that cannot be read; the caller adds topic, partition and offset. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}
