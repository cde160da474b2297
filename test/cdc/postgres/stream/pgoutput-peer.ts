import {PgoutputPlugin} from 'pg-logical-replication';
import type {Pgoutput} from 'pg-logical-replication';
import {parseLsn} from '../../../../src/cdc/postgres/lsn.ts';
import {PgoutputDecoder} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import type {
  PgoutputMessage,
  RelationMessage,
} from '../../../../src/cdc/postgres/stream/pgoutput.ts';
import type {Tuple} from '../../../../src/cdc/tuple.ts';

/**
 * What pg-logical-replication's parser reads out of `messages`, in a form that both have.
 *
 * Its value parsers are replaced by one that keeps the text. Evened out are the differences that the two have on purpose
 * with any message; pgoutput-differences.test.ts shows these and all others.
 */
export function readByPeer(messages: readonly Buffer[]): unknown[] {
  const plugin = new PgoutputPlugin({protoVersion: 1, publicationNames: []});
  return messages.map((message) => {
    const read = plugin.parse(message);
    // The columns are what the parser itself goes on with.
    if (read.tag === 'relation') for (const column of read.columns) column.parser = String;
    return neutral(read);
  });
}

/** The same by our own decoder. */
export function readByUs(messages: readonly Buffer[]): unknown[] {
  const decoder = new PgoutputDecoder();
  const relations = new Map<number, RelationMessage>();
  return messages.map((message) =>
    ourNeutral(decoder.decode(message, 0, message.length, 0n), relations),
  );
}

function neutral(message: Pgoutput.Message): unknown {
  switch (message.tag) {
    case 'begin':
      return {
        tag: 'begin',
        commitLsn: lsn(message.commitLsn),
        commitTime: Number(message.commitTime),
        xid: message.xid >>> 0,
      };
    case 'commit':
      return {
        tag: 'commit',
        commitLsn: lsn(message.commitLsn),
        endLsn: lsn(message.commitEndLsn),
        commitTime: Number(message.commitTime),
      };
    case 'relation':
      return {
        tag: 'relation',
        oid: message.relationOid >>> 0,
        schema: message.schema || 'pg_catalog',
        table: message.name,
        replicaIdentity: message.replicaIdentity,
        columns: message.columns.map(({name, typeOid, typeMod, flags}) => ({
          name,
          typeOid: typeOid >>> 0,
          typeModifier: typeMod,
          key: (flags & 1) === 1,
        })),
      };
    case 'insert':
      return {tag: 'insert', oid: message.relation.relationOid >>> 0, new: {...message.new}};
    case 'update':
    case 'delete':
      return {
        tag: message.tag,
        oid: message.relation.relationOid >>> 0,
        key: message.key && {...message.key},
        old: message.old && {...message.old},
        ...(message.tag === 'update' && {new: {...message.new}}),
      };
    case 'truncate':
      return {
        tag: 'truncate',
        oids: message.relations.map(({relationOid}) => relationOid >>> 0),
        options: Number(message.cascade) + 2 * Number(message.restartIdentity),
      };
    case 'type':
      return {
        tag: 'type',
        oid: message.typeOid >>> 0,
        schema: message.typeSchema || 'pg_catalog',
        name: message.typeName,
      };
    case 'message':
      return {
        tag: 'message',
        transactional: message.transactional,
        lsn: lsn(message.messageLsn),
        prefix: message.prefix,
        content: Buffer.from(message.content).toString('hex'),
      };
    case 'origin':
      return {tag: 'origin', originLsn: lsn(message.originLsn), name: message.originName};
    default:
      return message;
  }
}

/** It reads 0/0 as null. */
function lsn(text: string | null): bigint {
  return text === null ? 0n : parseLsn(text);
}

function ourNeutral(message: PgoutputMessage, relations: Map<number, RelationMessage>): unknown {
  if (message.tag === 'relation') relations.set(message.oid, message);
  if (message.tag === 'message') return {...message, content: message.content.toString('hex')};
  if (message.tag === 'truncate')
    return {tag: 'truncate', oids: message.relationOids, options: message.options};
  if (!('relationOid' in message)) return message;
  const columns = relations.get(message.relationOid)?.columns ?? [];
  const {tag, relationOid, beforeKind, before, after} = message;
  const named = (values: Tuple | undefined, keyOnly = false): Record<string, unknown> | null =>
    values === undefined
      ? null
      : Object.fromEntries(
          columns.flatMap(({name, key}, index) =>
            key || !keyOnly ? [[name, values.text(index)]] : [],
          ),
        );
  // It has filled unchanged TOAST values; here that is done where transactions are read.
  const filled = beforeKind === 'row' ? after?.filledFrom(before as Tuple) : after;
  if (tag === 'insert') return {tag, oid: relationOid, new: named(after)};
  return {
    tag,
    oid: relationOid,
    key: beforeKind === 'key' ? named(before, true) : null,
    old: beforeKind === 'row' ? named(before) : null,
    ...(tag === 'update' && {new: named(filled)}),
  };
}
