import {describe, expect, test} from 'vitest';
import {PgoutputDecoder} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import {MessageWriter} from './message-writer.ts';
import {textual} from './pgoutput-messages.ts';

const oid = 4_294_967_295;
const lsn = 0xfedc_ba98_7654_3210n;
/** 2024-01-02T03:04:05.123456Z, in the server's microseconds since 2000. */
const commitTime = 757_479_845_123_456n;

const messages: Record<string, Buffer> = {
  begin: new MessageWriter('B').u64(lsn).u64(commitTime).u32(oid).done(),
  commit: new MessageWriter('C')
    .u8(0)
    .u64(lsn)
    .u64(lsn + 8n)
    .u64(commitTime)
    .done(),
  relation: new MessageWriter('R')
    .u32(oid)
    .text('')
    .text('Tàble')
    .u8(0x66)
    .u16(2)
    .u8(1)
    .text('id')
    .u32(23)
    .u32(0xffff_ffff)
    .u8(0)
    .text('日本')
    .u32(oid)
    .u32(259)
    .done(),
  insert: new MessageWriter('I').u32(oid).tuple('N', ['é', null, '', undefined]).done(),
  update: new MessageWriter('U').u32(oid).tuple('N', ['a']).done(),
  updateKey: new MessageWriter('U').u32(oid).tuple('K', ['a', null]).tuple('N', ['b', 'c']).done(),
  updateFull: new MessageWriter('U')
    .u32(oid)
    .tuple('O', ['a', 'x'])
    .tuple('N', ['b', undefined])
    .done(),
  deleteKey: new MessageWriter('D').u32(oid).tuple('K', ['a', null]).done(),
  deleteFull: new MessageWriter('D').u32(oid).tuple('O', ['a', 'x']).done(),
  truncate: new MessageWriter('T').u32(2).u8(3).u32(1).u32(oid).done(),
  type: new MessageWriter('Y').u32(oid).text('').text('int4').done(),
  origin: new MessageWriter('O').u64(lsn).text('node').done(),
  message: new MessageWriter('M')
    .u8(1)
    .u64(lsn)
    .text('p')
    .bytes(Buffer.from([1, 2]))
    .done(),
};

/** Embedded in other bytes, as in a read of the socket. */
function decode(bytes: Buffer): object {
  const read = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(40)]);
  return textual(new PgoutputDecoder().decode(read, 3, 3 + bytes.length, 0x16_b374_d848n));
}

describe('PgoutputDecoder', () => {
  test('decodes begin and commit, with unsigned numbers and times from 1970', () => {
    const time = Date.UTC(2024, 0, 2, 3, 4, 5) * 1000 + 123_456;

    expect(decode(messages['begin'] as Buffer)).toEqual({
      tag: 'begin',
      commitLsn: lsn,
      commitTime: time,
      xid: oid,
    });
    expect(decode(messages['commit'] as Buffer)).toEqual({
      tag: 'commit',
      commitLsn: lsn,
      endLsn: lsn + 8n,
      commitTime: time,
    });
  });

  test('decodes a relation, with a signed modifier and the schema that is not spelled out', () => {
    expect(decode(messages['relation'] as Buffer)).toEqual({
      tag: 'relation',
      oid,
      schema: 'pg_catalog',
      table: 'Tàble',
      replicaIdentity: 'full',
      columns: [
        {name: 'id', typeOid: 23, typeModifier: -1, key: true},
        {name: '日本', typeOid: oid, typeModifier: 259, key: false},
      ],
    });
  });

  test('tells null, the empty text and what was not sent apart', () => {
    expect(decode(messages['insert'] as Buffer)).toEqual({
      tag: 'insert',
      relationOid: oid,
      beforeKind: undefined,
      before: undefined,
      after: ['é', null, '', undefined],
    });
  });

  test('decodes old keys and old rows', () => {
    expect(decode(messages['update'] as Buffer)).toMatchObject({before: undefined, after: ['a']});
    expect(decode(messages['updateKey'] as Buffer)).toMatchObject({
      beforeKind: 'key',
      before: ['a', null],
      after: ['b', 'c'],
    });
    expect(decode(messages['updateFull'] as Buffer)).toMatchObject({
      beforeKind: 'row',
      before: ['a', 'x'],
      after: ['b', undefined],
    });
    expect(decode(messages['deleteKey'] as Buffer)).toMatchObject({
      beforeKind: 'key',
      before: ['a', null],
      after: undefined,
    });
    expect(decode(messages['deleteFull'] as Buffer)).toMatchObject({beforeKind: 'row'});
  });

  test('decodes what it does not use', () => {
    expect(decode(messages['truncate'] as Buffer)).toEqual({
      tag: 'truncate',
      relationOids: [1, oid],
      options: 3,
    });
    expect(decode(messages['type'] as Buffer)).toMatchObject({oid, name: 'int4'});
    expect(decode(messages['origin'] as Buffer)).toMatchObject({originLsn: lsn, name: 'node'});
    expect(decode(messages['message'] as Buffer)).toEqual({
      tag: 'message',
      transactional: true,
      lsn,
      prefix: 'p',
      content: Buffer.from([1, 2]),
    });
  });

  test.each(Object.entries(messages))('refuses every shorter %s', (_name, bytes) => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decode(bytes.subarray(0, length))).toThrow(
        'unreadable pgoutput message at LSN 16/B374D848',
      );
  });

  test('refuses bytes after the message', () => {
    for (const bytes of Object.values(messages))
      expect(() => decode(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('1 bytes follow');
  });
});
