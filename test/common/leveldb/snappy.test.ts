import {array, assert, constantFrom, nat, oneof, property, record, uint8Array} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {unsnap} from '../../../src/common/leveldb/snappy.ts';

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function literal(bytes: Uint8Array): number[] {
  const rest = bytes.length - 1;
  if (rest < 60) return [rest << 2, ...bytes];
  return rest < 256 ? [60 << 2, rest, ...bytes] : [61 << 2, rest & 255, rest >> 8, ...bytes];
}

function copy(offset: number, length: number, offsetBytes: 1 | 2 | 4): number[] {
  if (offsetBytes === 1) return [1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 255];
  const tag = ((length - 1) << 2) | (offsetBytes === 2 ? 2 : 3);
  return [tag, ...Array.from({length: offsetBytes}, (_, i) => (offset >>> (8 * i)) & 255)];
}

const element = oneof(
  record({bytes: uint8Array({minLength: 1, maxLength: 300})}),
  record({offset: nat(2_000), length: nat(63), offsetBytes: constantFrom(1, 2, 4)}),
);

describe('unsnap', () => {
  test('follows literals and copies of every kind', () => {
    assert(
      property(array(element, {maxLength: 30}), (elements) => {
        const plain: number[] = [];
        const block: number[] = [];
        for (const part of elements) {
          if ('bytes' in part) {
            plain.push(...part.bytes);
            block.push(...literal(part.bytes));
          } else if (plain.length > 0) {
            const offset = 1 + (part.offset % plain.length);
            const length = part.offsetBytes === 1 ? 4 + (part.length % 8) : 1 + part.length;
            block.push(...copy(offset, length, part.offsetBytes));
            for (let i = 0; i < length; i++) plain.push(plain[plain.length - offset] as number);
          }
        }

        const result = unsnap(Buffer.from([...varint(plain.length), ...block]));

        expect(result).toEqual(Buffer.from(plain));
      }),
    );
  });

  test('refuses what is no block', () => {
    const block = Buffer.from([...varint(12), ...literal(Buffer.from('abcd')), ...copy(4, 8, 1)]);
    expect(unsnap(block)?.toString()).toBe('abcdabcdabcd');

    for (let length = 0; length < block.length; length++) {
      expect(unsnap(block.subarray(0, length))).toBeUndefined();
    }
    expect(unsnap(Buffer.from([4, ...copy(1, 4, 1)]))).toBeUndefined();
    expect(unsnap(Buffer.from([3, ...literal(Buffer.from('abcd'))]))).toBeUndefined();
    expect(unsnap(Buffer.alloc(8, 255))).toBeUndefined();
  });
});
