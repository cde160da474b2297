import {describe, expect, test} from 'vitest';
import {maskedCrc32c} from '../../../src/common/leveldb/crc32c.ts';
import {readLogRecords} from '../../../src/common/leveldb/log-records.ts';

const BLOCK_BYTES = 32_768;

/** A log as LevelDB's `log::Writer` writes it. */
function logOf(records: readonly Buffer[]): Buffer {
  let log = Buffer.alloc(0);
  for (const record of records) {
    let rest = record;
    for (let first = true; first || rest.length > 0; first = false) {
      let left = BLOCK_BYTES - (log.length % BLOCK_BYTES);
      if (left < 7) {
        log = Buffer.concat([log, Buffer.alloc(left)]);
        left = BLOCK_BYTES;
      }
      const data = rest.subarray(0, left - 7);
      rest = rest.subarray(data.length);
      const type = first ? (rest.length === 0 ? 1 : 2) : rest.length === 0 ? 4 : 3;
      const header = Buffer.from([0, 0, 0, 0, data.length & 255, data.length >> 8, type]);
      header.writeUInt32LE(maskedCrc32c(Buffer.concat([header.subarray(6), data])), 0);
      log = Buffer.concat([log, header, data]);
    }
  }
  return log;
}

/** Ends one block four bytes before its end, where no header fits, and spans three. */
const records = [100, BLOCK_BYTES - 7 - 107 - 4, 70_000, 0, 5_000].map((size, i) =>
  Buffer.alloc(size, i + 1),
);
const log = logOf(records);

function areFirst(found: readonly Buffer[], written = records): boolean {
  return found.every((record, i) => written[i]?.equals(record));
}

/** Steps through the log, and byte by byte through what stands around a block's end and the log's. */
const positions = Array.from({length: log.length}, (_, i) => i).filter(
  (at) => at % 1_013 === 0 || (at % BLOCK_BYTES) + 20 > BLOCK_BYTES || at + 20 > log.length,
);

describe('readLogRecords', () => {
  test('reads records within and across blocks', () => {
    const {records: found, problem} = readLogRecords(log);

    expect(problem).toBeUndefined();
    expect(found).toHaveLength(records.length);
    expect(areFirst(found)).toBe(true);
  });

  test('takes a log that breaks off anywhere for one whose writer died', () => {
    for (const at of positions) {
      const {records: found, problem} = readLogRecords(log.subarray(0, at));

      expect(problem).toBeUndefined();
      expect(areFirst(found)).toBe(true);
    }
  });

  test('takes zeros to the end for a log that a power cut broke off', () => {
    const cut = Buffer.concat([logOf(records.slice(0, 2)), Buffer.alloc(40_000)]);

    const {records: found, problem} = readLogRecords(cut);

    expect(problem).toBeUndefined();
    expect(found).toHaveLength(2);
    expect(areFirst(found)).toBe(true);
  });

  test('names a damaged byte, and gives no record that was not written', () => {
    const missed: number[] = [];
    for (const at of positions) {
      const damaged = Buffer.from(log);
      damaged[at] = (damaged[at] as number) ^ 0x41;

      const {records: found, problem} = readLogRecords(damaged);

      expect(areFirst(found)).toBe(true);
      if (problem === undefined) missed.push(at);
    }

    // The padding of the first block, and the length of the last fragment, which makes it look cut short.
    const length = log.length - 5_007 + 5;
    const padding = [4, 3, 2, 1].map((back) => BLOCK_BYTES - back);
    expect(missed.filter((at) => at !== length && !padding.includes(at))).toEqual([]);
  });
});
