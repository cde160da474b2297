import type {Client} from 'pg';
import {describe, expect, inject, test} from 'vitest';
import {Random} from '../../../support/random.ts';
import {TestSource} from '../../../support/postgres-test-source.ts';
import {readByPeer, readByUs} from './pgoutput-peer.ts';

const port = inject('postgresPort');

/** Publications over the same changes: what they publish and in which form differs. */
const publications = {
  everything: 'FOR ALL TABLES',
  roots: 'FOR ALL TABLES WITH (publish_via_partition_root = true)',
  parts: 'FOR TABLE plain (id, v) WHERE (id % 2 = 0), whole, apart.derived',
  schema: 'FOR TABLES IN SCHEMA apart',
  inserts: `FOR ALL TABLES WITH (publish = 'insert')`,
  ...(inject('postgresMajor') >= 18 && {
    generated: 'FOR ALL TABLES WITH (publish_generated_columns = stored)',
  }),
};

const schema = `
  CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext;
  CREATE SCHEMA apart;
  CREATE DOMAIN price AS numeric(10, 2);
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TYPE pair_of AS (a int, b text);
  CREATE TABLE plain (id int PRIMARY KEY, v varchar(20), long text, p price, "Ünï" jsonb);
  ALTER TABLE plain ALTER COLUMN long SET STORAGE EXTERNAL;
  CREATE TABLE whole (id int PRIMARY KEY, v text, long text);
  ALTER TABLE whole REPLICA IDENTITY FULL;
  CREATE TABLE pair (a text, b int, c text, PRIMARY KEY (a, b));
  CREATE TABLE indexed (a int, b int NOT NULL, c text);
  CREATE UNIQUE INDEX indexed_b ON indexed (b);
  ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_b;
  CREATE TABLE log (line text);
  ALTER TABLE log REPLICA IDENTITY NOTHING;
  CREATE TABLE apart.derived (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
  CREATE TABLE parted (id int, part int, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
  CREATE TABLE parted_0 PARTITION OF parted FOR VALUES IN (0);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
  CREATE TABLE every_type (
    id int PRIMARY KEY, b bool, i2 int2, i8 int8, o oid, r real, d double precision, n numeric, n2 numeric(12, 3),
    m money, c char(5), t text, nm name, ci citext, by bytea, u uuid, j json, jb jsonb, x xml, dt date, ti time(3),
    tz timetz, ts timestamp, tsz timestamptz(3), iv interval, e mood, ep price, co pair_of, ip inet, ci4 cidr,
    mac macaddr, r4 int4range, mr int4multirange, ts4 tstzrange, bi bit(5), vb varbit, pt point, bx box, li line,
    ia int[], ta text[], ma mood[], na numeric(8, 2)[], h hstore, lt ltree, tv tsvector, tq tsquery, pl pg_lsn)`;

const everyType = `
  INSERT INTO every_type VALUES (1, true, -5, 9223372036854775807, 4294967295, 1.1, 'NaN', 'Infinity', 12.5, '$1,234.56',
    'ab', E'it''s\\ta\\\\b', 'name', 'CI', '\\xdeadbeef00', '00000000-0000-0000-0000-000000000001', '{"a": 1,  "a": 2}',
    '{"b": [1, null]}', '<a/>', '0044-03-15 BC', '24:00:00', '04:05:06.789-08', 'infinity', '2024-01-02 03:04:05.5+02',
    '1 year -2 mons 3 days 04:05:06.789', 'happy', 2, (1, 'x,"y'), '::1', '10.0.0.0/8', '08:00:2b:01:02:03', '[1,5]',
    '{[1,3),[5,6)}', '[2024-01-01,infinity)', B'10101', B'1', '(1,2)', '((0,0),(1,1))', '{1,2,3}', '{1,NULL,3}',
    '{"a b",NULL,"NULL","\\"q\\""}', '{sad,NULL}', '{{1.5,2},{3,4}}', '"k"=>"v", "n"=>NULL', 'a.b', 'cat rat', 'cat & rat',
    '16/B374D848');
  INSERT INTO every_type (id) VALUES (2);
  UPDATE every_type SET t = 'é😀', j = NULL WHERE id = 1;
  DELETE FROM every_type`;

/** Each kind of transaction once. */
const kinds = [
  `BEGIN; INSERT INTO plain (id, v) VALUES (900, 'kept'); SAVEPOINT s; INSERT INTO plain (id) VALUES (901); ROLLBACK TO s; COMMIT`,
  `BEGIN; INSERT INTO plain (id) VALUES (902); PREPARE TRANSACTION 'later'`,
  `INSERT INTO plain (id) VALUES (903)`,
  `COMMIT PREPARED 'later'`,
  `BEGIN; SELECT pg_replication_origin_create('node'); SELECT pg_replication_origin_session_setup('node')`,
  `SELECT pg_replication_origin_xact_setup('1/2', now()); INSERT INTO plain (id) VALUES (904); COMMIT; SELECT pg_replication_origin_session_reset()`,
  `SELECT pg_logical_emit_message(false, 'outside', 'of transactions')`,
  `INSERT INTO indexed VALUES (1, 1, 'x'); UPDATE indexed SET c = 'y'; UPDATE indexed SET b = 2; DELETE FROM indexed`,
  `INSERT INTO log SELECT 'line ' || g FROM generate_series(1, 20) g`,
  `INSERT INTO apart.derived VALUES (1); UPDATE apart.derived SET id = 2; DELETE FROM apart.derived`,
  `INSERT INTO parted SELECT g, g % 2, 'v' FROM generate_series(1, 6) g; UPDATE parted SET part = 1 - part WHERE id < 3; DELETE FROM parted WHERE id = 4; TRUNCATE parted`,
  `ALTER TABLE pair RENAME COLUMN c TO "c d"; INSERT INTO pair VALUES ('renamed', 1, 'x'); ALTER TABLE pair RENAME COLUMN "c d" TO c`,
  `BEGIN; TRUNCATE plain, whole RESTART IDENTITY CASCADE; INSERT INTO plain (id) VALUES (1); COMMIT`,
];

describe('PgoutputDecoder beside pg-logical-replication', () => {
  test('reads the same out of the same bytes', async () => {
    await using source = await TestSource.create(port);
    const {slotName} = source.options;
    await source.sql(schema);
    for (const [name, what] of Object.entries(publications))
      await source.sql(`CREATE PUBLICATION ${name} ${what}`);
    await source.sql(`SELECT pg_create_logical_replication_slot('${slotName}', 'pgoutput')`);
    const client = await source.client();
    await writeAtRandom(client, new Random(7));
    for (const statement of everyType.split(';')) await client.query(statement);
    for (const statements of kinds) await client.query(statements);
    await client.end();

    const seen = new Set<string>();
    for (const name of Object.keys(publications)) {
      const bytes = await messagesOf(source, name);
      const ours = readByUs(bytes) as {tag: string}[];

      expect(ours, name).toEqual(readByPeer(bytes));
      for (const {tag} of ours) seen.add(tag);
    }

    expect([...seen].toSorted()).toEqual([
      'begin',
      'commit',
      'delete',
      'insert',
      'message',
      'origin',
      'relation',
      'truncate',
      'type',
      'update',
    ]);
  });
});

/** Everything that the slot has, in the form that the publication gives it. */
async function messagesOf(source: TestSource, publication: string): Promise<Buffer[]> {
  const rows = await source.sql(
    `SELECT data FROM pg_logical_slot_peek_binary_changes('${source.options.slotName}', NULL, NULL,
       'proto_version', '1', 'publication_names', '${publication}', 'messages', 'true')`,
  );
  return rows.map(({data}) => data as Buffer);
}

async function writeAtRandom(client: Client, random: Random): Promise<void> {
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
}
