/** The bytes of a Snappy block; undefined when it is none. https://github.com/google/snappy/blob/main/format_description.txt */
export function unsnap(block: Buffer): Buffer | undefined {
  let at = 0;
  let length = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = block[at++];
    if (byte === undefined || shift > 2 ** 28) return undefined;
    length += (byte & 127) * shift;
    if (byte < 128) break;
  }
  const result = Buffer.alloc(length);
  let end = 0;
  while (at < block.length) {
    const tag = block[at++] as number;
    let size = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      const sizeBytes = size > 60 ? size - 60 : 0;
      if (at + sizeBytes > block.length) return undefined;
      if (sizeBytes > 0) size = block.readUIntLE(at, sizeBytes) + 1;
      at += sizeBytes;
      if (at + size > block.length || end + size > length) return undefined;
      block.copy(result, end, at, at + size);
      at += size;
    } else {
      const offsetBytes = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4;
      if (at + offsetBytes > block.length) return undefined;
      let offset = block.readUIntLE(at, offsetBytes);
      at += offsetBytes;
      if (offsetBytes === 1) {
        size = ((tag >> 2) & 7) + 4;
        offset += (tag >> 5) * 256;
      }
      if (offset === 0 || offset > end || end + size > length) return undefined;
      // Byte by byte: a copy may reach into what it writes.
      for (let i = 0; i < size; i++) result[end + i] = result[end + i - offset] as number;
    }
    end += size;
  }
  return end === length ? result : undefined;
}
