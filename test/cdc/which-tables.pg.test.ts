import {describe, expect, inject, test} from 'vitest';
import {CapturedDatabase} from '../support/captured-database.ts';

const port = inject('postgresPort');

describe('CdcConnector', () => {
  test.each([
    {viaRoot: false, low: 'postgres.public.t_low', high: 'postgres.public.t_high'},
    {viaRoot: true, low: 'postgres.public.t', high: 'postgres.public.t'},
  ])(
    'check 48: writes a row that moves between partitions as delete, tombstone and create: %j',
    async ({viaRoot, low, high}) => {
      await using database = await CapturedDatabase.start(
        port,
        ['public.t.*'],
        `CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
         CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (10);
         CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (10) TO (20)`,
        {source: {publishViaPartitionRoot: viaRoot}},
      );

      await database.sql(`INSERT INTO t VALUES (1, 'a'); UPDATE t SET id = 12`);
      const [left, entered] = [await database.events(low), await database.events(high)];

      const all = viaRoot ? left : [...left, ...entered];
      expect(all.map(([key, value]) => [key, value?.op, value?.source.table])).toEqual([
        [{id: 1}, 'c', viaRoot ? 't' : 't_low'],
        [{id: 1}, 'd', viaRoot ? 't' : 't_low'],
        [{id: 1}, undefined, undefined],
        [{id: 12}, 'c', viaRoot ? 't' : 't_high'],
      ]);
      expect((left[1]?.[1]?.transaction ?? null) as unknown).toBeNull();
      expect(left[1]?.[1]?.source.txId).toBe(entered.at(-1)?.[1]?.source.txId);
    },
  );

  test('check 20: takes names with quotes, upper case and any script, each to a topic of its own', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['Größe 😀\\..*'],
      `CREATE SCHEMA "Größe 😀";
       CREATE TABLE "Größe 😀"."it's ""quoted"", back\\slash" ("Ключ" int PRIMARY KEY, "va""lue" text);
       CREATE TABLE "Größe 😀"."CamelCase" (id int PRIMARY KEY);
       INSERT INTO "Größe 😀"."it's ""quoted"", back\\slash" VALUES (1, 'read')`,
    );

    await database.sql(`
      INSERT INTO "Größe 😀"."it's ""quoted"", back\\slash" VALUES (2, '\\ "" '' 😀 é \u2028');
      INSERT INTO "Größe 😀"."CamelCase" VALUES (3)`);
    const events = await database.events('postgres.Gr__e___.it_s__quoted___back_slash');

    expect(
      events.map(([key, value]) => [key, value?.op, value?.after, value?.source.table]),
    ).toEqual([
      [{Ключ: 1}, 'r', {Ключ: 1, 'va"lue': 'read'}, 'it\'s "quoted", back\\slash'],
      [{Ключ: 2}, 'c', {Ключ: 2, 'va"lue': '\\ "" \' 😀 é \u2028'}, 'it\'s "quoted", back\\slash'],
    ]);
    expect(await database.events('postgres.Gr__e___.CamelCase')).toHaveLength(1);
  });

  test('check 20: stops where two tables come to one topic, also one that is created in mid-stream', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.a.b'],
      'CREATE TABLE "a b" (id int PRIMARY KEY); CREATE TABLE "a-b" (id int PRIMARY KEY)',
      {source: {publicationMode: 'all_tables'}},
    );

    await database.sql(`
      INSERT INTO "a b" VALUES (1); INSERT INTO "a-b" VALUES (2);
      CREATE TABLE "a_b" (id int PRIMARY KEY); INSERT INTO "a_b" VALUES (3)`);

    await expect(database.run.ended).rejects.toMatchObject({
      name: 'FatalError',
      code: 'CDC_TOPIC_COLLISION',
      message: expect.stringMatching(
        /^public\.a b and public\.a_b would both be written to the topic postgres\.public\.a_b, .*table\.exclude\.list/,
      ),
    });
  });

  test('leaves excluded columns out of rows and their schema, and keeps those of the key in the key', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `CREATE TABLE t (secret money, tenant text, id int, v text, PRIMARY KEY (id, tenant));
       ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'x', 1, 'a')`,
      {source: {columnExcludeList: ['public.t.(secret|tenant)']}},
    );

    await database.sql(`UPDATE t SET v = 'b', secret = 2; DELETE FROM t`);
    const events = await database.events('postgres.public.t');

    expect(events.map(([key, value]) => [key, value?.before, value?.after])).toEqual([
      [{id: 1, tenant: 'x'}, null, {id: 1, v: 'a'}],
      [
        {id: 1, tenant: 'x'},
        {id: 1, v: 'a'},
        {id: 1, v: 'b'},
      ],
      [{id: 1, tenant: 'x'}, {id: 1, v: 'b'}, null],
      [{id: 1, tenant: 'x'}, undefined, undefined],
    ]);
    const [record] = await database.topic('postgres.public.t');
    const schema = await database.log.registry.byId(record?.valueSchemaId ?? 0);
    expect(schema).toContain('"v"');
    expect(schema).not.toMatch(/secret|tenant/);
  });

  test('check 8: sets the replica identity that is asked for, and takes deletes of a table without key', async () => {
    await using database = await CapturedDatabase.start(
      port,
      ['public.t'],
      `CREATE TABLE t (v text); INSERT INTO t VALUES ('a')`,
      {source: {replicaIdentityRules: [{tables: 'public.t', identity: 'full'}]}},
    );

    await database.sql(`DELETE FROM t`);
    const events = await database.events('postgres.public.t');
    const envelopes = events.filter(([, value]) => value !== null);

    expect(envelopes.map(([key, value]) => [key, value?.op, value?.before])).toEqual([
      [null, 'r', null],
      [null, 'd', {v: 'a'}],
    ]);
  });
});
