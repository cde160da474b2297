import {PgoutputPlugin} from 'pg-logical-replication';
import type {Pgoutput} from 'pg-logical-replication';
import {describe, expect, inject, test} from 'vitest';
import {parseLsn} from '../../../src/cdc/postgres/lsn.ts';
import type {Tuple} from '../../../src/cdc/replication-source.ts';
import {PgoutputDecoder} from '../../../src/cdc/postgres/pgoutput.ts';
import type {PgoutputMessage, RelationMessage} from '../../../src/cdc/postgres/pgoutput.ts';
import {Random} from '../../support/random.ts';
import {TestSource} from '../../support/postgres-test-source.ts';

const port = inject('postgresPort');

/**
 * pg-logical-replication's parser is the oracle, with its value parsers replaced by one that keeps the text. It differs
 * on purpose in three things, which `ours` evens out: it reads oids and xids as signed, it leaves the schema of system
 * types empty, and it has already filled unchanged TOAST values under FULL.
 */
describe('PgoutputDecoder beside pg-logical-replication', () => {
  test('reads the same out of the same bytes', async () => {
    await using source = await TestSource.create(port);
    const {slotName, publicationName} = source.options;
    await source.sql(`
      CREATE DOMAIN price AS numeric(10, 2);
      CREATE TABLE plain (id int PRIMARY KEY, v varchar(20), long text, p price, "Ünï" jsonb);
      CREATE TABLE whole (id int PRIMARY KEY, v text, long text);
      ALTER TABLE whole REPLICA IDENTITY FULL;
      CREATE TABLE pair (a text, b int, c text, PRIMARY KEY (a, b));
      CREATE PUBLICATION ${publicationName} FOR ALL TABLES;
      ALTER TABLE plain ALTER COLUMN long SET STORAGE EXTERNAL`);
    await source.sql(`SELECT pg_create_logical_replication_slot('${slotName}', 'pgoutput')`);
    await write(source, new Random(7));

    const rows = await source.sql(
      `SELECT data FROM pg_logical_slot_get_binary_changes('${slotName}', NULL, NULL,
         'proto_version', '1', 'publication_names', '${publicationName}', 'messages', 'true')`,
    );
    const bytes = rows.map(({data}) => data as Buffer);
    const plugin = new PgoutputPlugin({protoVersion: 1, publicationNames: []});
    const theirs = bytes.map((message) => theirsOf(plugin.parse(message)));
    const decoder = new PgoutputDecoder();
    const relations = new Map<number, RelationMessage>();
    const ours = bytes.map((message) =>
      oursOf(decoder.decode(message, 0, message.length, 0n), relations),
    );

    expect(ours).toEqual(theirs);
    const tags = new Set(ours.map((message) => (message as {tag: string}).tag));
    expect([...tags].toSorted()).toEqual([
      'begin',
      'commit',
      'delete',
      'insert',
      'message',
      'relation',
      'truncate',
      'type',
      'update',
    ]);
    expect(ours.length).toBeGreaterThan(500);
  });
});

async function write(source: TestSource, random: Random): Promise<void> {
  const client = await source.client();
  const text = (): string =>
    random.chance(0.2)
      ? 'NULL'
      : client.escapeLiteral(random.pick(['', 'a', 'é😀', '\\N\t\n', `it's`]));
  const long = `(SELECT string_agg(md5((${random.below(1e6)} + g)::text), '') FROM generate_series(1, 300) g)`;
  for (let step = 0; step < 300; step++) {
    const id = random.below(40);
    await client.query('BEGIN');
    for (let i = random.below(4); i >= 0; i--)
      await client.query(
        random.pick([
          `INSERT INTO plain VALUES (${id}, ${text()}, ${long}, ${random.below(1000)}.5, '{"a": [1, null]}') ON CONFLICT DO NOTHING`,
          `UPDATE plain SET v = ${text()} WHERE id = ${id}`,
          `UPDATE plain SET id = id + 100 WHERE id = ${id} AND NOT EXISTS (SELECT FROM plain WHERE id = ${id + 100})`,
          `DELETE FROM plain WHERE id = ${id}`,
          `INSERT INTO whole VALUES (${id}, ${text()}, ${long}) ON CONFLICT DO NOTHING`,
          `UPDATE whole SET v = ${text()} WHERE id = ${id}`,
          `DELETE FROM whole WHERE id = ${id}`,
          `INSERT INTO pair VALUES ('x', ${id}, ${text()}) ON CONFLICT (a, b) DO UPDATE SET c = 'again', a = 'y${step}'`,
          `SELECT pg_logical_emit_message(true, 'prefix', 'content')`,
        ]),
      );
    if (step % 100 === 50) await client.query('TRUNCATE pair, whole CASCADE');
    if (step === 200) await client.query('ALTER TABLE pair ADD COLUMN d numeric(5, 1)');
    await client.query(random.chance(0.1) ? 'ROLLBACK' : 'COMMIT');
  }
  await client.end();
}

function theirsOf(message: Pgoutput.Message): unknown {
  switch (message.tag) {
    case 'begin':
      return {
        tag: 'begin',
        commitLsn: parseLsn(message.commitLsn ?? ''),
        commitTime: Number(message.commitTime),
        xid: message.xid >>> 0,
      };
    case 'commit':
      return {
        tag: 'commit',
        commitLsn: parseLsn(message.commitLsn ?? ''),
        endLsn: parseLsn(message.commitEndLsn ?? ''),
        commitTime: Number(message.commitTime),
      };
    case 'relation':
      // The columns are what the parser itself goes on with.
      for (const column of message.columns) column.parser = String;
      return {
        tag: 'relation',
        oid: message.relationOid >>> 0,
        schema: message.schema,
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
      return {tag: 'insert', oid: message.relation.relationOid, new: {...message.new}};
    case 'update':
    case 'delete':
      return {
        tag: message.tag,
        oid: message.relation.relationOid,
        key: message.key && {...message.key},
        old: message.old && {...message.old},
        ...(message.tag === 'update' && {new: {...message.new}}),
      };
    case 'truncate':
      return {
        tag: 'truncate',
        oids: message.relations.map(({relationOid}) => relationOid),
        options: Number(message.cascade) + 2 * Number(message.restartIdentity),
      };
    case 'type':
      return {
        tag: 'type',
        oid: message.typeOid,
        schema: message.typeSchema || 'pg_catalog',
        name: message.typeName,
      };
    case 'message':
      return {
        tag: 'message',
        transactional: message.transactional,
        lsn: parseLsn(message.messageLsn ?? ''),
        prefix: message.prefix,
        content: Buffer.from(message.content).toString('hex'),
      };
    case 'origin':
      break;
  }
  return message;
}

function oursOf(message: PgoutputMessage, relations: Map<number, RelationMessage>): unknown {
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
          columns.flatMap(({name, key}, index) => (key || !keyOnly ? [[name, values[index]]] : [])),
        );
  const filled =
    beforeKind === 'row'
      ? after?.map((value, index) => (value === undefined ? before?.[index] : value))
      : after;
  if (tag === 'insert') return {tag, oid: relationOid, new: named(after)};
  return {
    tag,
    oid: relationOid,
    key: beforeKind === 'key' ? named(before, true) : null,
    old: beforeKind === 'row' ? named(before) : null,
    ...(tag === 'update' && {new: named(filled)}),
  };
}
