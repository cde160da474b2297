import {PgoutputPlugin} from 'pg-logical-replication';
import {describe, expect, test} from 'vitest';
import {PgoutputDecoder} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import {MessageWriter} from './message-writer.ts';
import {encode, textual} from './pgoutput-messages.ts';

const relation = (oid: number): Buffer =>
  encode({
    tag: 'relation',
    oid,
    schema: 'public',
    table: 't',
    replicaIdentity: 'full',
    columns: ['id', 'v'].map((name) => ({name, typeOid: 25, typeModifier: -1, key: true})),
  });
const row = (values: readonly (string | null | undefined)[]): MessageWriter =>
  new MessageWriter('I').u32(7).tuple('N', values);
const invalid = Buffer.from([0x61, 0xff]);

interface Difference {
  readonly what: string;
  /** The last one shows it; those before it are what it refers to. */
  readonly messages: readonly Buffer[];
  /** What each says of the last one: parts of the message, or of the error where ours refuses it. */
  readonly theirs: Readonly<Record<string, unknown>>;
  readonly ours: unknown;
}

/** All that is known; whatever else the two read apart is a mistake of one of them. */
const differences: readonly Difference[] = [
  {
    what: 'oids beyond 2^31 are negative there',
    messages: [relation(0xffff_ffff)],
    theirs: {relationOid: -1},
    ours: expect.objectContaining({oid: 0xffff_ffff}),
  },
  {
    what: 'transaction ids beyond 2^31 are negative there',
    messages: [encode({tag: 'begin', commitLsn: 1n, commitTime: 0, xid: 0xffff_ffff})],
    theirs: {xid: -1},
    ours: expect.objectContaining({xid: 0xffff_ffff}),
  },
  {
    what: 'times before 2000 are 584,554 years later there',
    messages: [encode({tag: 'begin', commitLsn: 1n, commitTime: 0, xid: 1})],
    theirs: {commitTime: 2n ** 64n},
    ours: expect.objectContaining({commitTime: 0}),
  },
  {
    what: 'the position 0/0 is null there',
    messages: [encode({tag: 'origin', originLsn: 0n, name: 'node'})],
    theirs: {originLsn: null},
    ours: expect.objectContaining({originLsn: 0n}),
  },
  {
    what: 'the schema of system types stays empty there',
    messages: [encode({tag: 'type', oid: 23, schema: 'pg_catalog', name: 'int4'})],
    theirs: {typeSchema: ''},
    ours: expect.objectContaining({schema: 'pg_catalog'}),
  },
  {
    what: 'unchanged TOAST values are filled from the old row there, here where transactions are read',
    messages: [
      relation(7),
      new MessageWriter('U').u32(7).tuple('O', ['a', 'x']).tuple('N', ['b', undefined]).done(),
    ],
    theirs: {new: {id: 'b', v: 'x'}},
    ours: expect.objectContaining({after: ['b', undefined]}),
  },
  {
    what: 'a byte order mark at the start of a text is lost there',
    messages: [relation(7), row(['\ufeffa', null]).done()],
    theirs: {new: {id: 'a', v: null}},
    ours: expect.objectContaining({after: ['\ufeffa', null]}),
  },
  {
    what: 'bytes that are not UTF-8 become U+FFFD there',
    messages: [
      relation(7),
      new MessageWriter('I').u32(7).u8(0x4e).u16(1).u8(0x74).bytes(invalid).done(),
    ],
    theirs: {new: {id: 'a\ufffd'}},
    ours: expect.stringContaining('a text is not UTF-8'),
  },
  {
    what: 'bytes after the end of a message are not seen there',
    messages: [relation(7), row(['a', 'b']).u32(1).done()],
    theirs: {new: {id: 'a', v: 'b'}},
    ours: expect.stringContaining('4 bytes follow the message'),
  },
  {
    what: 'the byte before a new row can be any there',
    messages: [relation(7), new MessageWriter('I').u32(7).tuple('?', ['a', 'b']).done()],
    theirs: {new: {id: 'a', v: 'b'}},
    ours: expect.stringContaining('expected 0x4e, found 0x3f'),
  },
  {
    what: 'flags without a meaning are taken there',
    messages: [new MessageWriter('C').u8(9).u64(1n).u64(2n).u64(0n).done()],
    theirs: {flags: 9},
    ours: expect.stringContaining('expected 0x0, found 0x9'),
  },
  {
    what: 'values in binary, which nobody asks for, are read there',
    messages: [
      relation(7),
      new MessageWriter('I')
        .u32(7)
        .u8(0x4e)
        .u16(1)
        .u8(0x62)
        .bytes(Buffer.from([1]))
        .done(),
    ],
    theirs: {new: {id: Buffer.from([1])}},
    ours: expect.stringContaining('unknown column kind 0x62'),
  },
];

describe('PgoutputDecoder and the parser of pg-logical-replication', () => {
  test.each(differences)('$what', ({messages, theirs, ours}) => {
    const plugin = new PgoutputPlugin({protoVersion: 1, publicationNames: []});
    const decoder = new PgoutputDecoder();
    const decode = (message: Buffer): unknown =>
      textual(decoder.decode(message, 0, message.length, 1n));
    const last = messages.at(-1) as Buffer;

    const peer = messages.map((message) => plugin.parse(message)).at(-1);
    const own = outcome(() => decode(last));

    expect(peer).toMatchObject(theirs);
    expect(own).toEqual(ours);
  });
});

/** The result, or the text of the error. */
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return String(error);
  }
}
