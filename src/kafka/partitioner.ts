/**
 * The partition of a record with this key, which is the first `length` bytes of it: murmur2 over the key bytes, as Java's
 * default partitioner; null keys go to 0.
 */
export function partitionFor(
  key: Uint8Array | null,
  partitions: number,
  length = key?.length ?? 0,
): number {
  if (key === null || partitions === 1) return 0;
  return (murmur2(key, length) & 0x7fffffff) % partitions;
}

/** Kafka's 32-bit murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`). */
export function murmur2(data: Uint8Array, length = data.length): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ length;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = i << 2;
    let k =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    k = Math.imul(k, m);
    h = Math.imul(h, m) ^ k;
  }
  const tail = words << 2;
  const rest = length & 3;
  if (rest === 3) h ^= (data[tail + 2] as number) << 16;
  if (rest >= 2) h ^= (data[tail + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (data[tail] as number), m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}
