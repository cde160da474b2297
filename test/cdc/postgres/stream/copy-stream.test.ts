import {PassThrough} from 'node:stream';
import * as fc from 'fast-check';
import type {Connection} from 'pg';
import {describe, expect, test} from 'vitest';
import {CopyStream} from '../../../../src/cdc/postgres/stream/copy-stream.ts';
import {mutated, mutations} from '../../../support/mutation.ts';

/** A message of the frontend/backend protocol. */
function message(type: string, body: string): Buffer {
  const buffer = Buffer.alloc(5 + Buffer.byteLength(body));
  buffer.write(type, 0, 'latin1');
  buffer.writeUInt32BE(buffer.length - 1, 1);
  buffer.write(body, 5);
  return buffer;
}

const where = (): string => 'after LSN 0/1F';

function streamOn(
  socket: PassThrough,
  onData: (buffer: Buffer, start: number, end: number) => void,
  onEnd: (error: Error | undefined) => void = () => undefined,
): CopyStream {
  const copy = new CopyStream('COPY', {onData, onChunk: () => undefined, where, onEnd});
  copy.submit({stream: socket, query: () => undefined} as unknown as Connection);
  return copy;
}

/** A stream on a socket; `toPg` are the messages that went to the other reader. */
function open(onData: (text: string, copy: CopyStream) => void): {
  socket: PassThrough;
  copy: CopyStream;
  toPg: string[];
  ends: (Error | undefined)[];
} {
  const socket = new PassThrough();
  const toPg: string[] = [];
  const ends: (Error | undefined)[] = [];
  socket.on('data', (chunk: Buffer) =>
    toPg.push(chunk.toString('latin1', 0, 1) + chunk.toString('utf8', 5)),
  );
  const copy: CopyStream = streamOn(
    socket,
    (buffer, start, end) => onData(buffer.toString('utf8', start, end), copy),
    (error) => ends.push(error),
  );
  return {socket, copy, toPg, ends};
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('CopyStream', () => {
  test('gives each payload once and in order, however the socket cuts them, and all else to pg', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('d', 'd', 'd', 'N'), fc.string({maxLength: 40})), {
          maxLength: 20,
        }),
        fc.array(fc.integer({min: 1, max: 60}), {minLength: 1}),
        fc.nat(5),
        async (messages, cuts, holdEvery) => {
          const seen: string[] = [];
          const {socket, copy, toPg} = open((text) => {
            seen.push(text);
            if (holdEvery > 0 && seen.length % holdEvery === 0) copy.hold();
          });
          const bytes = Buffer.concat(messages.map(([type, body]) => message(type, body)));
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length] as number;
            socket.write(bytes.subarray(at, at + size));
            at += size;
          }
          for (let i = 0; i < 2 * messages.length + 2; i++) {
            await turn();
            copy.release();
          }

          const expected = (type: string): string[] =>
            messages.filter(([kind]) => kind === type).map(([, body]) => body);
          expect(seen).toEqual(expected('d'));
          expect(toPg).toEqual(expected('N').map((body) => `N${body}`));
        },
      ),
      {numRuns: 300},
    );
  });

  test('hands out nothing while it is held, also in the middle of a read', async () => {
    const seen: string[] = [];
    const {socket, copy} = open((text) => {
      seen.push(text);
      copy.hold();
    });

    socket.write(Buffer.concat([message('d', 'a'), message('d', 'b')]));
    await turn();
    const held = [...seen];
    copy.release();
    await turn();

    expect(held).toEqual(['a']);
    expect(seen).toEqual(['a', 'b']);
  });

  test('tells how much a read has brought, also where it is held in the middle of it', async () => {
    const socket = new PassThrough();
    const told: number[] = [];
    const copy = new CopyStream('COPY', {
      onData: () => copy.hold(),
      onChunk: (bytes) => told.push(bytes),
      where,
      onEnd: () => undefined,
    });
    copy.submit({stream: socket, query: () => undefined} as unknown as Connection);

    socket.write(Buffer.concat([message('d', 'a'), message('d', 'b')]));
    await turn();

    expect(told).toEqual([12]);
  });

  test('gives the socket back to pg when the server is ready for the next command', async () => {
    const {socket, toPg, ends, copy} = open(() => undefined);

    socket.write(Buffer.concat([message('C', 'COPY 0'), message('Z', 'I')]));
    await turn();
    copy.handleReadyForQuery();
    socket.write(message('N', 'later'));
    await turn();

    expect(toPg).toEqual(['CCOPY 0', 'ZI', 'Nlater']);
    expect(ends).toEqual([undefined]);
  });

  test.each([3, 13])(
    'keeps nothing back of what came with the end of its command, cut at %i',
    async (cut) => {
      const socket = new PassThrough();
      const toPg: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => toPg.push(chunk));
      streamOn(socket, () => undefined);
      const bytes = Buffer.concat([message('Z', 'I'), message('N', 'later')]);

      socket.write(bytes.subarray(0, cut));
      await turn();
      socket.write(bytes.subarray(cut));
      await turn();

      expect(Buffer.concat(toPg)).toEqual(bytes);
    },
  );

  test('ends with the error of its handler and closes the socket', async () => {
    const {socket, ends} = open(() => {
      throw new Error('bad bytes');
    });

    socket.write(message('d', 'a'));
    await turn();

    expect(ends).toEqual([new Error('bad bytes')]);
    expect(socket.destroyed).toBe(true);
  });

  test('refuses a length that no message has, and a type that does not belong here, with where it came', async () => {
    const short = message('d', 'a');
    short.writeUInt32BE(3, 1);
    const huge = message('d', 'a');
    huge.writeUInt32BE(0xffff_fff0, 1);
    const refused: string[] = [];
    for (const bad of [short, huge, message('R', 'a'), message('\0', '')]) {
      const {socket, ends} = open(() => undefined);
      socket.write(Buffer.concat([message('d', 'ok'), bad]));
      await turn();
      refused.push(`${ends[0]?.message} ${socket.destroyed}`);
    }

    expect(refused).toEqual([
      'unreadable message of type 0x64 and 4 bytes after LSN 0/1F true',
      'unreadable message of type 0x64 and 4294967281 bytes after LSN 0/1F true',
      'unreadable message of type 0x52 and 6 bytes after LSN 0/1F true',
      'unreadable message of type 0x0 and 5 bytes after LSN 0/1F true',
    ]);
  });

  test('hands on of changed bytes what came and nothing else, waits for more or refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({maxLength: 12}), {minLength: 1, maxLength: 8}),
        fc.array(mutations, {minLength: 1, maxLength: 3}),
        fc.integer({min: 1, max: 40}),
        async (bodies, changes, cut) => {
          const bytes = mutated(Buffer.concat(bodies.map((body) => message('d', body))), changes);
          const seen: Buffer[] = [];
          const socket = new PassThrough();
          socket.on('data', (chunk: Buffer) => seen.push(chunk));
          streamOn(socket, (buffer, start, end) =>
            seen.push(Buffer.from(buffer.subarray(start - 5, end))),
          );
          for (let at = 0; at < bytes.length; at += cut) socket.write(bytes.subarray(at, at + cut));
          await turn();

          const handed = Buffer.concat(seen);
          expect(handed.equals(bytes.subarray(0, handed.length))).toBe(true);
        },
      ),
      {numRuns: 2_000},
    );
  });
});
