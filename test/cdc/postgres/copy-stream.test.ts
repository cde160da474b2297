import {PassThrough} from 'node:stream';
import * as fc from 'fast-check';
import type {Connection} from 'pg';
import {describe, expect, test} from 'vitest';
import {CopyStream} from '../../../src/cdc/postgres/copy-stream.ts';

/** A message of the frontend/backend protocol. */
function message(type: string, body: string): Buffer {
  const buffer = Buffer.alloc(5 + Buffer.byteLength(body));
  buffer.write(type, 0, 'latin1');
  buffer.writeUInt32BE(buffer.length - 1, 1);
  buffer.write(body, 5);
  return buffer;
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
  const copy: CopyStream = new CopyStream('COPY', {
    onData: (buffer, start, end) => onData(buffer.toString('utf8', start, end), copy),
    onChunk: () => undefined,
    onEnd: (error) => ends.push(error),
  });
  copy.submit({stream: socket, query: () => undefined} as unknown as Connection);
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

  test('ends with the error of its handler and closes the socket', async () => {
    const {socket, ends} = open(() => {
      throw new Error('bad bytes');
    });

    socket.write(message('d', 'a'));
    await turn();

    expect(ends).toEqual([new Error('bad bytes')]);
    expect(socket.destroyed).toBe(true);
  });
});
