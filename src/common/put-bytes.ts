/** Up to here a loop is faster than a call of what copies any number of bytes. */
const SHORT_BYTES = 12;

/** Copies the bytes and returns where they end. */
export function putBytes(target: Buffer, at: number, bytes: Uint8Array): number {
  const {length} = bytes;
  if (length > SHORT_BYTES) target.set(bytes, at);
  else for (let i = 0; i < length; i++) target[at + i] = bytes[i] as number;
  return at + length;
}
