import type {StoreWrite} from '../../src/state/committed-store.ts';

const KEYS = 300;
const PADDING = 'x'.repeat(4_000);

/** The writes of the commit with this number: puts of a few keys with values that name the commit, and a delete. */
export function commitOf(number: number): readonly StoreWrite[] {
  return keysOf(number).map((key, i) => [
    Buffer.from(key),
    i === 9 ? undefined : Buffer.from(`${number} ${PADDING}`),
  ]);
}

/** The rows after the commits up to this one, by key: the numbers of the commits that wrote them. */
export function rowsAfter(number: number): Map<string, number> {
  const rows = new Map<string, number>();
  for (let n = 1; n <= number; n++) {
    for (const [i, key] of keysOf(n).entries()) {
      if (i === 9) rows.delete(key);
      else rows.set(key, n);
    }
  }
  return rows;
}

function keysOf(number: number): string[] {
  return Array.from({length: 10}, (_, i) => `key ${(number * 7 + i * 31) % KEYS}`);
}
