import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {TransactionOverlay} from '../../src/state/transaction-overlay.ts';

/** Sorts otherwise than the keys themselves. */
function bytesOf(key: number): Buffer {
  return Buffer.of(key % 7, key);
}

function overlayOf(...keys: number[]): TransactionOverlay<number, string> {
  const overlay = new TransactionOverlay<number, string>(bytesOf);
  for (const key of keys) set(overlay, key, `value of ${key}`);
  return overlay;
}

function set(
  overlay: TransactionOverlay<number, string>,
  key: number,
  value: string | undefined,
): void {
  overlay.set(String(key), {key, value, keyBytes: undefined, valueBytes: undefined});
}

function keysOf(overlay: TransactionOverlay<number, string>, prefix = ''): number[] {
  return overlay.range(prefix).map(([, {key}]) => key);
}

describe('TransactionOverlay', () => {
  test('keeps the newest write of each key at the place of its first', () => {
    const overlay = overlayOf(3, 1);

    set(overlay, 3, undefined);

    expect(overlay.size).toBe(2);
    expect(overlay.get('3')?.value).toBeUndefined();
    expect([...overlay.entries()].map(([id]) => id)).toEqual(['3', '1']);
    expect(overlay.get('2')).toBeUndefined();
  });

  test('ranges in the order of the serialized keys, under a prefix of them', () => {
    const overlay = overlayOf(1, 7, 8, 2, 14);

    expect(keysOf(overlay)).toEqual([7, 14, 1, 8, 2]);
    expect(keysOf(overlay, '\x01')).toEqual([1, 8]);
    expect(overlay.range('\x01').map(([text]) => text)).toEqual(['\x01\x01', '\x01\x08']);
    expect(keysOf(overlay, '\x05')).toEqual([]);
  });

  test('ranges over what was written after the first range, and over nothing once it is cleared', () => {
    const overlay = overlayOf(1);
    keysOf(overlay);

    set(overlay, 7, 'later');
    set(overlay, 1, 'newer');

    expect(overlay.range('').map(([, {value}]) => value)).toEqual(['later', 'newer']);
    overlay.clear();
    expect([overlay.size, keysOf(overlay)]).toEqual([0, []]);
    set(overlay, 2, 'anew');
    expect(keysOf(overlay)).toEqual([2]);
  });

  test('does not serialize keys until a range is read, nor those that come serialized', () => {
    let calls = 0;
    const overlay = new TransactionOverlay<number, string>((key) => {
      calls++;
      return bytesOf(key);
    });
    set(overlay, 1, 'a');
    overlay.set('2', {key: 2, value: 'b', keyBytes: bytesOf(2), valueBytes: Buffer.from('b')});

    expect([overlay.get('1')?.value, calls]).toEqual(['a', 0]);
    expect(keysOf(overlay)).toEqual([1, 2]);
    expect(calls).toBe(1);
  });

  test('ranges the same whenever the first range is read', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255)), fc.nat(20), (keys, first) => {
        const early = new TransactionOverlay<number, string>(bytesOf);
        for (const [i, key] of keys.entries()) {
          if (i === first) keysOf(early);
          set(early, key, String(i));
        }

        expect(keysOf(early)).toEqual(keysOf(overlayOf(...keys)));
      }),
    );
  });
});
