import type {Checkpoint} from '../committed-store.ts';

/**
 * The key under which a store keeps its sentinel. No row can have it: 0xff is in no UTF-8 text, JSON_SR keys begin with
 * 0, and numbers are at most 8 bytes long.
 */
export const SENTINEL_KEY = Buffer.concat([Buffer.of(0xff, 0xff), Buffer.from('__millrace')]);

const FORMAT = 1;

/** What each batch of writes leaves in the store: whose rows these are, and where they stand in the changelog. */
export interface Sentinel {
  readonly store: string;
  readonly checkpoint: Checkpoint;
  /** True when the store's keys are to be indexed at open, because ranges are read. */
  readonly ranged: boolean;
}

export function encodeSentinel(sentinel: Sentinel): Buffer {
  return Buffer.from(JSON.stringify({format: FORMAT, ...sentinel}));
}

/** The sentinel; undefined when the bytes are not one of this format that belongs to `store`. */
export function decodeSentinel(bytes: Buffer, store: string): Sentinel | undefined {
  let value: Partial<Sentinel & {format: number}>;
  try {
    value = JSON.parse(bytes.toString()) as typeof value;
  } catch {
    return undefined;
  }
  const {format, store: owner, checkpoint, ranged} = value;
  if (format !== FORMAT || owner !== store || typeof ranged !== 'boolean') return undefined;
  if (typeof checkpoint?.topicId !== 'string' || !Number.isSafeInteger(checkpoint.offset)) {
    return undefined;
  }
  return {store, checkpoint, ranged};
}
