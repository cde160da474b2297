import type {Level} from 'level';
import type {StoreSize} from '../committed-store.ts';
import {fileSizes} from './store-files.ts';

/** What LevelDB can tell and a browser's database cannot, so that `level` does not declare it. */
interface Sized {
  approximateSize(from: Buffer, to: Buffer): Promise<number>;
}

/** More keys than this are not counted: it takes some 10 ms of a thread of LevelDB's. */
const MAX_COUNTED = 10_000;

/**
 * Counts the rows while they are few. Beyond that the share of the key range that the counted ones take, by LevelDB's own
 * estimate of bytes, says how many there may be.
 */
export async function storeSize(db: Level<Buffer, Buffer>, directory: string): Promise<StoreSize> {
  const files = Object.values(await fileSizes(directory));
  const bytes = files.reduce((sum, size) => sum + size, 0);
  const keys = await db.keys({limit: MAX_COUNTED + 2}).all();
  // The sentinel is one of them.
  const counted = Math.max(0, keys.length - 1);
  const first = keys[0];
  const last = keys.at(-1);
  if (counted <= MAX_COUNTED || first === undefined || last === undefined) {
    return {entries: counted, isExact: true, bytes};
  }
  const sized = db as unknown as Sized;
  const [ofCounted, ofAll] = await Promise.all([
    sized.approximateSize(first, last),
    sized.approximateSize(first, AFTER_ALL),
  ]);
  const entries = ofCounted === 0 ? counted : Math.round((counted * ofAll) / ofCounted);
  return {entries: Math.max(counted, entries), isExact: false, bytes};
}

/** No key begins with so many of the highest byte. */
const AFTER_ALL = Buffer.alloc(64, 0xff);
