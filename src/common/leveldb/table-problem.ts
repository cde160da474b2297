import {ByteCursor} from './byte-cursor.ts';
import {maskedCrc32c} from './crc32c.ts';
import {unsnap} from './snappy.ts';

const FOOTER_BYTES = 48;
/** Last in the file. https://github.com/google/leveldb/blob/main/doc/table_format.md */
const MAGIC = 0xdb4775248b80fb57n;
/** A byte for the compression and four for the checksum follow each block. */
const TRAILER_BYTES = 5;
const SNAPPY = 1;

interface Block {
  readonly offset: number;
  readonly size: number;
}

/**
 * What is wrong with a table, undefined when nothing is: checks the checksum of every block, and that blocks fill it.
 *
 * LevelDB does not look at checksums unless it is asked to, which `level` has no way to do.
 */
export function tableProblem(bytes: Buffer): string | undefined {
  const footer = bytes.length - FOOTER_BYTES;
  if (footer < 0 || bytes.readBigUInt64LE(bytes.length - 8) !== MAGIC) return 'is no table';
  const handles = new ByteCursor(bytes, footer);
  const [metaindex, index] = [readHandle(handles), readHandle(handles)];
  const entries = isIntact(bytes, index) ? indexEntries(contents(bytes, index)) : undefined;
  if (entries === undefined) return 'has a damaged index';
  let end = 0;
  for (const block of entries) {
    if (block.offset !== end || !isIntact(bytes, block)) return `is damaged at byte ${end}`;
    end += block.size + TRAILER_BYTES;
  }
  // The filter has no entry in the index; it fills the gap.
  if (metaindex.offset > end) {
    const filter = {offset: end, size: metaindex.offset - end - TRAILER_BYTES};
    if (!isIntact(bytes, filter)) return `is damaged at byte ${end}`;
    end = metaindex.offset;
  }
  for (const block of [metaindex, index]) {
    if (block.offset !== end || !isIntact(bytes, block)) return `is damaged at byte ${end}`;
    end += block.size + TRAILER_BYTES;
  }
  return end === footer ? undefined : `is damaged at byte ${end}`;
}

function readHandle(cursor: ByteCursor): Block {
  const offset = cursor.varint();
  return {offset, size: cursor.varint()};
}

function isIntact(bytes: Buffer, {offset, size}: Block): boolean {
  const end = offset + size + TRAILER_BYTES;
  if (size < 0 || end > bytes.length - FOOTER_BYTES) return false;
  return maskedCrc32c(bytes.subarray(offset, end - 4)) === bytes.readUInt32LE(end - 4);
}

function contents(bytes: Buffer, {offset, size}: Block): Buffer | undefined {
  const block = bytes.subarray(offset, offset + size);
  return bytes[offset + size] === SNAPPY ? unsnap(block) : block;
}

/** The blocks that an index block names; its own tail is an array of restart points and how many there are. */
function indexEntries(block: Buffer | undefined): Block[] | undefined {
  if (block === undefined || block.length < 4) return undefined;
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  if (end < 0) return undefined;
  const cursor = new ByteCursor(block.subarray(0, end));
  const blocks: Block[] = [];
  while (!cursor.isAtEnd) {
    cursor.varint();
    const keyBytes = cursor.varint();
    const valueBytes = cursor.varint();
    cursor.bytes(keyBytes);
    blocks.push(readHandle(new ByteCursor(cursor.bytes(valueBytes))));
  }
  return cursor.overrun ? undefined : blocks;
}
