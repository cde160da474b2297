import * as fc from 'fast-check';
import type {
  PgoutputMessage,
  RelationMessage,
} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import type {Tuple} from '../../../../src/cdc/tuple.ts';
import {textsOf, tuple} from '../../../support/tuple.ts';
import {MessageWriter} from './message-writer.ts';

const oids = fc.integer({min: 0, max: 0xffff_ffff});
const lsns = fc.bigInt({min: 0n, max: 0xffff_ffff_ffff_ffffn});
/** Microseconds that a JavaScript number counts exactly, from 2000 on as the server does. */
const times = fc.integer({min: -(2 ** 52), max: 2 ** 52});
/** What Postgres can have in a text: everything but U+0000; the replacement character among it. */
const texts = fc.string({
  maxLength: 12,
  unit: fc.constantFrom(
    'a',
    '1',
    ' ',
    '"',
    '\\',
    '\n',
    'é',
    '日',
    '😀',
    '\ufffd',
    '\u2028',
    '\x7f',
  ),
});
const values = fc.oneof(texts, fc.constantFrom(null, undefined));
const tuples = fc.array(values, {maxLength: 6}).map(tuple);

const changes = fc.oneof(
  fc.record({
    tag: fc.constant('insert'),
    relationOid: oids,
    beforeKind: fc.constant(undefined),
    before: fc.constant(undefined),
    after: tuples,
  }),
  fc.record({
    tag: fc.constant('update'),
    relationOid: oids,
    beforeKind: fc.constant(undefined),
    before: fc.constant(undefined),
    after: tuples,
  }),
  fc.record({
    tag: fc.constant('update'),
    relationOid: oids,
    beforeKind: fc.constantFrom('key', 'row'),
    before: tuples,
    after: tuples,
  }),
  fc.record({
    tag: fc.constant('delete'),
    relationOid: oids,
    beforeKind: fc.constantFrom('key', 'row'),
    before: tuples,
    after: fc.constant(undefined),
  }),
);

const relations = fc.record({
  tag: fc.constant('relation'),
  oid: oids,
  schema: fc.constantFrom('pg_catalog', 'public', 'Ünï'),
  table: texts,
  replicaIdentity: fc.constantFrom('default', 'nothing', 'full', 'index'),
  columns: fc.array(
    fc.record({
      name: texts,
      typeOid: oids,
      typeModifier: fc.integer({min: -(2 ** 31), max: 2 ** 31 - 1}),
      key: fc.boolean(),
    }),
    {maxLength: 5},
  ),
});

/** Any message of protocol version 1. */
export const messages: fc.Arbitrary<PgoutputMessage> = fc.oneof(
  {weight: 6, arbitrary: changes},
  {weight: 2, arbitrary: relations},
  fc.record({tag: fc.constant('begin'), commitLsn: lsns, commitTime: times, xid: oids}),
  fc.record({tag: fc.constant('commit'), commitLsn: lsns, endLsn: lsns, commitTime: times}),
  fc.record({
    tag: fc.constant('truncate'),
    relationOids: fc.array(oids, {maxLength: 4}),
    options: fc.nat(3),
  }),
  fc.record({
    tag: fc.constant('type'),
    oid: oids,
    schema: fc.constantFrom('pg_catalog', 'public'),
    name: texts,
  }),
  fc.record({tag: fc.constant('origin'), originLsn: lsns, name: texts}),
  fc.record({
    tag: fc.constant('message'),
    transactional: fc.boolean(),
    lsn: lsns,
    prefix: texts,
    content: fc.uint8Array({maxLength: 10}).map((bytes) => Buffer.from(bytes)),
  }),
) as fc.Arbitrary<PgoutputMessage>;

/** The message with the values of its rows in place of where they lie. */
export function textual(message: PgoutputMessage): object {
  if (!('relationOid' in message)) return message;
  const {before, after} = message;
  return {...message, before: before && textsOf(before), after: after && textsOf(after)};
}

/** Microseconds from 1970 to 2000. */
const postgresEpoch = 946_684_800_000_000n;

/** The bytes in which the server sends `message`. */
export function encode(message: PgoutputMessage): Buffer {
  switch (message.tag) {
    case 'begin':
      return new MessageWriter('B')
        .u64(message.commitLsn)
        .u64(time(message.commitTime))
        .u32(message.xid)
        .done();
    case 'commit':
      return new MessageWriter('C')
        .u8(0)
        .u64(message.commitLsn)
        .u64(message.endLsn)
        .u64(time(message.commitTime))
        .done();
    case 'relation':
      return encodeRelation(message);
    case 'insert':
    case 'update':
    case 'delete': {
      const writer = new MessageWriter(message.tag.charAt(0).toUpperCase()).u32(
        message.relationOid,
      );
      if (message.before !== undefined) writeTuple(writer, message.beforeKind === 'key' ? 'K' : 'O', message.before); // prettier-ignore
      if (message.after !== undefined) writeTuple(writer, 'N', message.after);
      return writer.done();
    }
    case 'truncate': {
      const writer = new MessageWriter('T').u32(message.relationOids.length).u8(message.options);
      for (const oid of message.relationOids) writer.u32(oid);
      return writer.done();
    }
    case 'type':
      return new MessageWriter('Y')
        .u32(message.oid)
        .text(schema(message.schema))
        .text(message.name)
        .done();
    case 'origin':
      return new MessageWriter('O').u64(message.originLsn).text(message.name).done();
    case 'message':
      return new MessageWriter('M')
        .u8(Number(message.transactional))
        .u64(message.lsn)
        .text(message.prefix)
        .bytes(message.content)
        .done();
    default:
      return message satisfies never;
  }
}

function encodeRelation(message: RelationMessage): Buffer {
  const writer = new MessageWriter('R')
    .u32(message.oid)
    .text(schema(message.schema))
    .text(message.table)
    .u8(message.replicaIdentity.charCodeAt(0))
    .u16(message.columns.length);
  for (const {name, typeOid, typeModifier, key} of message.columns)
    writer
      .u8(Number(key))
      .text(name)
      .u32(typeOid)
      .u32(typeModifier >>> 0);
  return writer.done();
}

function writeTuple(writer: MessageWriter, kind: string, row: Tuple): void {
  writer.tuple(kind, textsOf(row));
}

/** The server leaves the name of the catalog's schema empty. */
function schema(name: string): string {
  return name === 'pg_catalog' ? '' : name;
}

function time(micros: number): bigint {
  return BigInt.asUintN(64, BigInt(micros) - postgresEpoch);
}
