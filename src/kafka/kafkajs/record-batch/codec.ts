/** One of the ways in which the records of a batch are compressed, as a whole. */
export interface Codec {
  compress(bytes: Buffer): Buffer;
  /**
   * The decompressed bytes; undefined when they are, or could be, more than `maxBytes`. That is known before they take memory:
   * a few kB of zstd can stand for gigabytes.
   *
   * @throws when the bytes are damaged.
   */
  decompress(bytes: Buffer, maxBytes: number): Buffer | undefined;
}
