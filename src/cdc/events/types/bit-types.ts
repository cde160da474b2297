import {boolean, bytes} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';

/** Debezium's `length` of a `bit varying` without limit. */
const UNBOUNDED = 2_147_483_647;

/** `bit(1)` and `varbit(1)` are booleans; longer ones are little-endian bytes up to the highest bit that is set. */
export function bitType(typeModifier: number): ColumnType {
  const length = typeModifier < 0 ? UNBOUNDED : typeModifier;
  if (length === 1) {
    return {
      schema: boolean(),
      // Only `varbit(1)` can be empty.
      toJson: (text) => (text === '1' ? 'true' : text === '' ? 'null' : 'false'),
      zero: 'false',
      unavailable: 'null',
    };
  }
  return {
    schema: {
      ...bytes(),
      name: 'io.debezium.data.Bits',
      version: 1,
      parameters: {length: String(length)},
    },
    toJson: (text) => '"' + littleEndian(text).toString('base64') + '"',
    zero: '""',
    unavailable: 'null',
  };
}

function littleEndian(text: string): Buffer {
  const first = text.indexOf('1');
  if (first < 0) return Buffer.alloc(0);
  const width = text.length - first;
  const result = Buffer.alloc(Math.ceil(width / 8));
  for (let bit = 0; bit < width; bit++) {
    if (text.charCodeAt(text.length - 1 - bit) !== 49) continue;
    const at = bit >> 3;
    result[at] = (result[at] as number) | (1 << (bit & 7));
  }
  return result;
}
