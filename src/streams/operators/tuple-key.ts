/**
 * Bytes that sort as the elements do, one after the other, and that begin with the bytes of another tuple exactly when
 * its elements come first in this one: `(2, 'p1')` is a prefix of `(2, 'p1', 7)` and not of `(2, 'p10', 7)`.
 *
 * Elements are null, booleans, numbers, bigints of 64 bits, strings (in UTF-8 order), buffers, and arrays and plain
 * objects of those (by sorted names). After the tuple layer of FoundationDB, with a terminator of two bytes, which
 * makes the encoding prefix-safe.
 */
export function encodeTuple(...elements: readonly unknown[]): Buffer {
  return Buffer.concat(elements.map(encode));
}

/**
 * The elements of {@link encodeTuple}'s bytes that are null, booleans, numbers, bigints, strings or buffers.
 *
 * @throws RangeError for arrays, objects, and bytes that are no tuple.
 */
export function decodeTuple(bytes: Buffer): readonly unknown[] {
  const elements: unknown[] = [];
  for (let at = 0; at < bytes.length;) {
    const type = bytes[at] as number;
    if (type === TYPE.string || type === TYPE.bytes) {
      const end = endOfBytes(bytes, at + 1);
      const raw = unescaped(bytes.subarray(at + 1, end));
      elements.push(type === TYPE.string ? raw.toString() : raw);
      at = end + END_OF_BYTES.length;
    } else if (type === TYPE.number || type === TYPE.bigint) {
      elements.push(decodeNumber(bytes.subarray(at, at + 9)));
      at += 9;
    } else {
      elements.push(decodeConstant(type));
      at++;
    }
  }
  return elements;
}

/** First byte of each element; 0 ends arrays and objects, so it is not among them. */
const TYPE = {
  null: 1,
  bytes: 2,
  string: 3,
  array: 4,
  object: 5,
  false: 6,
  true: 7,
  number: 8,
  bigint: 9,
};
const END_OF_LIST = Buffer.of(0);
const END_OF_BYTES = Buffer.of(0, 1);

function encode(element: unknown): Buffer {
  if (element === null || element === undefined) return Buffer.of(TYPE.null);
  if (typeof element === 'string') return encodeBytes(TYPE.string, Buffer.from(element));
  if (typeof element === 'number') return encodeNumber(element);
  if (typeof element === 'bigint') return encodeBigint(element);
  if (typeof element === 'boolean') return Buffer.of(element ? TYPE.true : TYPE.false);
  if (Buffer.isBuffer(element)) return encodeBytes(TYPE.bytes, element);
  if (Array.isArray(element)) {
    return Buffer.concat([Buffer.of(TYPE.array), ...element.map(encode), END_OF_LIST]);
  }
  const fields = Object.entries(element).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([
    Buffer.of(TYPE.object),
    ...fields.flatMap(([name, value]) => [encode(name), encode(value)]),
    END_OF_LIST,
  ]);
}

/** 0 within the bytes becomes 0 255, which sorts after the terminator 0 1 and before 1. */
function encodeBytes(type: number, bytes: Buffer): Buffer {
  const escaped = bytes.includes(0)
    ? Buffer.from([...bytes].flatMap((byte) => (byte === 0 ? [0, 255] : [byte])))
    : bytes;
  return Buffer.concat([Buffer.of(type), escaped, END_OF_BYTES]);
}

/** @throws RangeError beyond 64 bits. */
function encodeBigint(element: bigint): Buffer {
  const bytes = Buffer.alloc(9, TYPE.bigint);
  bytes.writeBigInt64BE(element, 1);
  return flipBits(bytes, 128, 0);
}

/** IEEE 754 sorts as unsigned bytes once the sign is flipped, and for negative numbers every bit. */
function encodeNumber(element: number): Buffer {
  const bytes = Buffer.alloc(9, TYPE.number);
  bytes.writeDoubleBE(element === 0 ? 0 : element, 1);
  return element < 0 ? flipBits(bytes, 255, 255) : flipBits(bytes, 128, 0);
}

/** Flips bits of the eight bytes after the type: `first` those of the first byte, `rest` those of the others. */
function flipBits(bytes: Buffer, first: number, rest: number): Buffer {
  for (let i = 1; i < 9; i++) bytes[i] = (bytes[i] as number) ^ (i === 1 ? first : rest);
  return bytes;
}

function endOfBytes(bytes: Buffer, start: number): number {
  for (let at = start; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 1) return at;
    if (bytes[at] === 0) at++;
  }
  throw new RangeError('bytes without an end');
}

function unescaped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.filter((byte, at) => !(byte === 255 && at > 0 && bytes[at - 1] === 0)));
}

function decodeNumber(encoded: Buffer): number | bigint {
  const bytes = Buffer.from(encoded);
  if (bytes[0] === TYPE.bigint) return flipBits(bytes, 128, 0).readBigInt64BE(1);
  const isNegative = ((bytes[1] ?? 0) & 128) === 0;
  return (isNegative ? flipBits(bytes, 255, 255) : flipBits(bytes, 128, 0)).readDoubleBE(1);
}

function decodeConstant(type: number): boolean | null {
  if (type === TYPE.null) return null;
  if (type === TYPE.true || type === TYPE.false) return type === TYPE.true;
  throw new RangeError(`no element of type ${type}`);
}
