import type {ByteWriter} from '../../../kafka/memory-records/byte-writer.ts';

/**
 * Writes the JSON of one value straight from the bytes of its text, `bytes[start, end)`, UTF-8: what the type's `toJson`
 * gives for it. False, with nothing written, where the text is of a form that only `toJson` knows.
 */
export type JsonWriter = (
  out: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
) => boolean;
