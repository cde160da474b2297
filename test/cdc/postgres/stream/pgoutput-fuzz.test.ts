import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {PgoutputDecoder} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import type {PgoutputMessage} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import {ServiceError} from '../../../../src/common/errors.ts';
import {mutated, mutations} from '../../../support/mutation.ts';
import {encode, messages, textual} from './pgoutput-messages.ts';

const decoder = new PgoutputDecoder();
const lsn = 0x16_b374_d848n;

/** Within other bytes, as in a read of the socket, which must not be looked at. */
function decode(bytes: Buffer, around = 0x74): PgoutputMessage {
  const read = Buffer.concat([Buffer.alloc(3, around), bytes, Buffer.alloc(40, around)]);
  return decoder.decode(read, 3, 3 + bytes.length, lsn);
}

/** The message, or undefined where it was refused as it must be: with the code, and where in the WAL it came. */
function decodedOrRefused(bytes: Buffer, around?: number): PgoutputMessage | undefined {
  try {
    return decode(bytes, around);
  } catch (error) {
    if (
      !(error instanceof ServiceError) ||
      error.code !== 'CDC_PROTOCOL' ||
      !error.message.includes('LSN 16/B374D848')
    )
      throw error;
    return undefined;
  }
}

/**
 * What is wrong with how `bytes` were read. Every byte counts: what comes out says all that went in and nothing else, so
 * that writing it again gives the same bytes.
 */
function misreading(bytes: Buffer): string | undefined {
  const message = decodedOrRefused(bytes);
  if (message === undefined) return undefined;
  const written = encode(message);
  if (written.equals(bytes)) return undefined;
  return `${bytes.toString('hex')} was read as ${written.toString('hex')}`;
}

describe('PgoutputDecoder with any bytes', {timeout: 30_000}, () => {
  test('decodes what was encoded', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(textual(decode(encode(message)))).toEqual(textual(message));
      }),
      {numRuns: 5_000},
    );
  });

  test('refuses every message that is cut short', () => {
    let cases = 0;
    fc.assert(
      fc.property(messages, (message) => {
        const bytes = encode(message);
        for (let length = 0; length < bytes.length; length++, cases++)
          if (decodedOrRefused(bytes.subarray(0, length)) !== undefined)
            throw new Error(`decoded ${length} bytes of ${bytes.toString('hex')}`);
      }),
      {numRuns: 2_000},
    );
    expect(cases).toBeGreaterThan(50_000);
  });

  test('refuses what was changed on its way, or says exactly what came', () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.array(mutations, {minLength: 1, maxLength: 3}), {minLength: 20, maxLength: 20}),
        (message, attempts) => {
          const bytes = encode(message);
          const read = attempts.map((attempt) => misreading(mutated(bytes, attempt)));
          expect(read.find((wrong) => wrong !== undefined)).toBeUndefined();
        },
      ),
      {numRuns: 6_000},
    );
  });

  test('refuses random bytes, or says exactly what came', () => {
    const tag = fc.constantFrom(...Buffer.from('BCIUDRTYMO'));
    fc.assert(
      fc.property(tag, fc.uint8Array({maxLength: 60}), (first, rest) => {
        expect(misreading(Buffer.concat([Buffer.from([first]), rest]))).toBeUndefined();
      }),
      {numRuns: 10_000},
    );
  });

  test('answers the same whatever stands before and after the message', () => {
    fc.assert(
      fc.property(messages, mutations, (message, mutation) => {
        const bytes = mutated(encode(message), [mutation]);
        const [one, other] = [0x00, 0x74].map((around) => decodedOrRefused(bytes, around));
        expect(one && textual(one)).toEqual(other && textual(other));
      }),
      {numRuns: 3_000},
    );
  });

  test.each([
    ['a count of columns', 'I', [0, 0, 0, 7, 0x4e, 0xff, 0xff]],
    ['the length of a value', 'I', [0, 0, 0, 7, 0x4e, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff]],
    ['a count of tables', 'T', [0xff, 0xff, 0xff, 0xff, 0]],
    ['a count of described columns', 'R', [0, 0, 0, 7, 0, 0x74, 0, 0x64, 0xff, 0xff]],
    ['the length of a logical message', 'M', [1, ...Buffer.alloc(8), 0, 0xff, 0xff, 0xff, 0xff]],
  ])('allocates nothing for %s that the message does not hold', (_what, tag, rest) => {
    const bytes = Buffer.concat([Buffer.from(tag), Buffer.from(rest)]);
    const before = process.memoryUsage();

    for (let i = 0; i < 1_000; i++) expect(decodedOrRefused(bytes)).toBeUndefined();

    const {heapUsed, arrayBuffers} = process.memoryUsage();
    expect(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(64e6);
  });

  test.each([
    ['a lone continuation byte', [0x61, 0x80]],
    ['a cut sequence', [0xe6, 0x97]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that no text has', [0xff]],
  ])('refuses %s where UTF-8 must stand', (_what, bytes) => {
    const value = [0x74, 0, 0, 0, bytes.length, ...bytes];
    const insert = Buffer.from([0x49, 0, 0, 0, 7, 0x4e, 0, 1, ...value]);
    const type = Buffer.from([0x59, 0, 0, 0, 7, 0, ...bytes, 0]);

    expect(() => decode(insert)).toThrow('at LSN 16/B374D848: a text is not UTF-8');
    expect(() => decode(type)).toThrow('at LSN 16/B374D848: a text is not UTF-8');
  });

  test('refuses flags, options and times that Postgres does not have', () => {
    const begin = encode({tag: 'begin', commitLsn: 1n, commitTime: 0, xid: 1});
    begin.writeBigInt64BE(2n ** 62n, 9);
    const commit = encode({tag: 'commit', commitLsn: 1n, endLsn: 2n, commitTime: 0});
    commit[1] = 1;
    const truncate = encode({tag: 'truncate', relationOids: [1], options: 0});
    truncate[5] = 4;

    expect(() => decode(begin)).toThrow('no clock shows its time');
    expect(() => decode(commit)).toThrow('expected 0x0, found 0x1');
    expect(() => decode(truncate)).toThrow('unknown options 0x4');
  });
});
