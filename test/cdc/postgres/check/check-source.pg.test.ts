import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import {checkSource} from '../../../../src/cdc/postgres/check/check-source.ts';
import type {StoredPosition} from '../../../../src/cdc/postgres/check/slot-checks.ts';
import type {PostgresSourceOptions} from '../../../../src/cdc/postgres/postgres-source-options.ts';
import type {CheckResult} from '../../../../src/common/check-result.ts';
import {commandsOf, resultOf, troubles} from '../../../support/check-results.ts';
import {serverPort} from '../../../support/server-port.ts';
import {PostgresServer} from '../../../support/postgres.ts';
import type {PostgresServerOptions} from '../../../support/postgres.ts';

const major = inject('postgresMajor');

/** What a healthy server is warned of all the same. */
const noLimit = 'max_slot_wal_keep_size';

/** One server with a database `shop`, whose user `reader` may do what a source needs, and no more. */
class Shop {
  readonly server: PostgresServer;
  readonly options: PostgresSourceOptions;

  private constructor(server: PostgresServer) {
    this.server = server;
    this.options = {
      name: 'camel',
      hostname: '127.0.0.1',
      port: server.port,
      dbname: 'shop',
      user: 'reader',
      password: '',
      sslmode: 'disable',
      slotName: 'camel',
      publicationName: 'camel',
      tableIncludeList: ['shop.orders', 'shop.items'],
      snapshotMode: 'initial',
    };
  }

  static async open(options: Partial<PostgresServerOptions> = {}): Promise<Shop> {
    const shop = new Shop(await PostgresServer.start({major, ...options}));
    await shop.server.query('CREATE DATABASE shop');
    await shop.sql(
      `CREATE ROLE reader LOGIN REPLICATION;
       GRANT CREATE ON DATABASE shop TO reader;
       CREATE SCHEMA shop AUTHORIZATION reader;
       SET ROLE reader;
       CREATE TABLE shop.orders (id int PRIMARY KEY, total numeric, note text);
       CREATE TABLE shop.items (id int PRIMARY KEY)`,
    );
    return shop;
  }

  sql(sql: string): Promise<Record<string, unknown>[]> {
    return this.server.query(sql, 'shop');
  }

  async check(
    options: Partial<PostgresSourceOptions> = {},
    stored?: StoredPosition,
  ): Promise<readonly CheckResult[]> {
    const results: CheckResult[] = [];
    await checkSource(
      {...this.options, ...options},
      async () => stored,
      (result) => results.push(result),
    );
    return results;
  }

  /** Enters the statements below the results of this name, as a superuser. */
  async apply(results: readonly CheckResult[], name: string): Promise<void> {
    const statements = commandsOf(results, name);
    if (statements.length === 0) throw new Error(`${name} comes without a statement`);
    for (const statement of statements) await this.sql(statement);
  }
}

/** What slots, publications and tables there are. */
const traces = `SELECT (SELECT count(*)::int FROM pg_replication_slots) AS slots,
  (SELECT count(*)::int FROM pg_publication) AS publications, (SELECT count(*)::int FROM pg_class) AS relations`;

describe('checkSource', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.open();
  });
  afterAll(() => shop.server.stop());

  test('finds a server in order, and leaves it as it was', async () => {
    const before = await shop.sql(traces);

    const results = await shop.check();

    expect(troubles(results)).toEqual([expect.stringContaining(`warning ${noLimit}: no limit`)]);
    expect(results.map(({name}) => name)).toEqual([
      'log in',
      'right to replicate',
      'version',
      'wal_level',
      'max_replication_slots',
      'max_wal_senders',
      'max_slot_wal_keep_size',
      'wal_sender_timeout',
      'replication connection',
      'table shop.orders',
      'table shop.items',
      'publication camel',
      'slot camel',
    ]);
    expect(resultOf(results, 'log in')).toContain(`/shop as reader, without TLS`);
    expect(resultOf(results, 'version')).toBe(`ok version: Postgres ${major}, a primary`);
    expect(resultOf(results, 'publication camel')).toBe(
      'ok publication camel: the service makes it',
    );
    expect(resultOf(results, 'slot camel')).toContain('takes a snapshot');
    expect(await shop.sql(traces)).toEqual(before);
  });

  test('returns the captured tables, for those who need to know their events', async () => {
    const relations = await checkSource(
      {...shop.options, columnExcludeList: ['shop.orders.note']},
      async () => undefined,
      () => undefined,
    );

    expect(relations).toMatchObject([
      {table: 'orders', columns: [{name: 'id'}, {name: 'total'}, {name: 'note', excluded: true}]},
      {table: 'items', primaryKey: ['id']},
    ]);
  });

  test('says that nothing listens, and skips the rest', async () => {
    const results = await shop.check({port: await serverPort()});

    expect(troubles(results)).toEqual([
      expect.stringMatching(
        /^failed log in: Postgres at .* cannot be reached: .* -> check database/,
      ),
      'skipped everything else: the server could not be asked',
    ]);
  });

  test('says that the database does not exist', async () => {
    expect(resultOf(await shop.check({dbname: 'nowhere'}), 'log in')).toMatch(
      /^failed .* has no database nowhere -> check database.dbname$/,
    );
  });

  test('names each missing right with the statement that gives it', async () => {
    await shop.sql(
      `CREATE ROLE nobody LOGIN;
       CREATE SCHEMA closed; CREATE TABLE closed.secrets (id int PRIMARY KEY, name text)`,
    );
    const options = {user: 'nobody', tableIncludeList: ['shop.orders', 'closed.secrets']};

    const results = await shop.check(options);

    expect(troubles(results)).toEqual([
      'failed right to replicate: user nobody may not replicate -> run as a superuser, or who manages roles -> ALTER ROLE "nobody" REPLICATION;',
      expect.stringContaining(noLimit),
      'skipped replication connection: see what has failed above',
      'failed schema closed: user nobody may not look into it -> run as its owner -> GRANT USAGE ON SCHEMA "closed" TO "nobody";',
      'failed schema shop: user nobody may not look into it -> run as its owner -> GRANT USAGE ON SCHEMA "shop" TO "nobody";',
      'failed table shop.orders: user nobody may not read shop.orders -> run as its owner -> GRANT SELECT ON "shop"."orders" TO "nobody";',
      'failed table closed.secrets: user nobody may not read closed.secrets -> run as its owner -> GRANT SELECT ON "closed"."secrets" TO "nobody";',
      'failed publication camel: it is missing, and user nobody has no CREATE on the database and does not own closed.secrets, shop.orders -> run as the owner of the tables, or a superuser -> CREATE PUBLICATION "camel" FOR TABLE "closed"."secrets", "shop"."orders" WITH (publish_via_partition_root = false);',
    ]);

    for (const {name} of results.filter(({outcome}) => outcome === 'failed'))
      await shop.apply(results, name);

    expect(troubles(await shop.check(options))).toEqual([expect.stringContaining(noLimit)]);
    await shop.sql('DROP PUBLICATION camel; DROP SCHEMA closed CASCADE');
  });

  test('asks for SELECT on those columns only that are captured', async () => {
    await shop.sql('CREATE ROLE columns LOGIN REPLICATION; GRANT USAGE ON SCHEMA shop TO columns');
    const options = {
      user: 'columns',
      tableIncludeList: ['shop.orders'],
      columnExcludeList: ['shop.orders.note'],
    };
    await shop.sql('GRANT SELECT (id) ON shop.orders TO columns');

    const results = await shop.check(options);

    expect(commandsOf(results, 'table shop.orders')).toEqual([
      'GRANT SELECT ("total") ON "shop"."orders" TO "columns";',
    ]);
    await shop.apply(results, 'table shop.orders');
    expect(resultOf(await shop.check(options), 'table shop.orders')).toMatch(/^ok /);
  });

  test('asks for nothing to read where no snapshot is taken', async () => {
    await shop.sql('CREATE ROLE streamer LOGIN REPLICATION');

    const results = await shop.check({user: 'streamer', snapshotMode: 'never'});

    expect(resultOf(results, 'table shop.orders')).toMatch(/^ok /);
    expect(results.map(({name}) => name)).not.toContain('schema shop');
  });

  test('warns of tables without a replica identity, with the statement', async () => {
    await shop.sql('CREATE TABLE shop.log (line text)');
    const options = {user: 'postgres', tableIncludeList: ['shop.log']};

    const results = await shop.check(options);

    expect(resultOf(results, 'table shop.log')).toBe(
      'warning table shop.log: it has no primary key: Postgres refuses every UPDATE and DELETE on it while it is published -> run as its owner, or give it a key (ALTER TABLE "shop"."log" ADD PRIMARY KEY (…)) -> ALTER TABLE "shop"."log" REPLICA IDENTITY FULL;',
    );
    await shop.apply(results, 'table shop.log');
    expect(resultOf(await shop.check(options), 'table shop.log')).toContain(
      'its events have no key',
    );
  });

  test('says who has to set the replica identities that the configuration asks for', async () => {
    await shop.sql('CREATE ROLE guest LOGIN REPLICATION; GRANT USAGE ON SCHEMA shop TO guest');
    await shop.sql('GRANT SELECT ON shop.items TO guest');
    const options = {
      tableIncludeList: ['shop.items'],
      replicaIdentityRules: [{tables: 'shop.items', identity: 'full'}] as const,
    };

    expect(resultOf(await shop.check(options), 'table shop.items')).toMatch(/^ok /);
    const results = await shop.check({...options, user: 'guest'});

    expect(commandsOf(results, 'table shop.items')).toEqual([
      'ALTER TABLE "shop"."items" REPLICA IDENTITY FULL;',
    ]);
    await shop.apply(results, 'table shop.items');
    expect(resultOf(await shop.check({...options, user: 'guest'}), 'table shop.items')).toMatch(
      /^ok .* identity full$/,
    );
  });

  test('warns of patterns that match nothing, and fails where none does', async () => {
    const some = await shop.check({tableIncludeList: ['shop.orders', 'shop.order_lines']});
    const none = await shop.check({tableIncludeList: ['shop.order_lines']});

    expect(resultOf(some, 'tables')).toBe(
      'warning tables: nothing matches shop.order_lines of table.include.list -> check the names and database.dbname',
    );
    expect(troubles(none)).toContain(
      'failed tables: there is no table to capture -> check the include and exclude lists and database.dbname',
    );
  });

  test('names the publication that somebody else has to make, and what it lacks', async () => {
    const options = {publicationName: 'theirs', publicationMode: 'disabled'} as const;

    const missing = await shop.check(options);
    expect(resultOf(missing, 'publication theirs')).toMatch(/^failed .* it is missing/);
    await shop.apply(missing, 'publication theirs');
    expect(resultOf(await shop.check(options), 'publication theirs')).toBe(
      'ok publication theirs: it has all 2 tables',
    );

    await shop.sql('ALTER PUBLICATION theirs DROP TABLE shop.items');
    await shop.sql(`ALTER PUBLICATION theirs SET (publish = 'insert')`);
    const narrow = await shop.check(options);
    expect(troubles(narrow)).toEqual([
      expect.stringContaining(noLimit),
      'failed publication theirs: it does not have shop.items, so nothing of them comes -> run as its owner -> ALTER PUBLICATION "theirs" ADD TABLE "shop"."items";',
      `warning publication theirs: it leaves out update, delete, truncate -> to capture them all, run as its owner -> ALTER PUBLICATION "theirs" SET (publish = 'insert, update, delete, truncate');`,
    ]);
    await shop.apply(narrow, 'publication theirs');
    expect(resultOf(await shop.check(options), 'publication theirs')).toMatch(/^ok /);
  });

  test('fails before a publication of all tables that would break other applications', async () => {
    await shop.sql('CREATE TABLE shop.foreign_log (line text)');
    const options = {
      user: 'postgres',
      publicationName: 'everything',
      publicationMode: 'all_tables',
      tableIncludeList: ['shop.orders'],
    } as const;

    const results = await shop.check(options);

    const name = 'publication everything';
    expect(troubles(results)).toContainEqual(
      expect.stringMatching(
        /^failed publication everything: .* refuses updates and deletes on .*shop\.foreign_log/,
      ),
    );
    await shop.apply(results, name);
    expect(resultOf(await shop.check(options), name)).toBe(`ok ${name}: the service makes it`);
    expect(troubles(await shop.check({...options, user: 'reader'}))).toContainEqual(
      expect.stringContaining('user reader is no superuser'),
    );
  });

  test('names the slot of another database, one that nobody has claimed, and one that is gone', async () => {
    await shop.server.query(`SELECT pg_create_logical_replication_slot('elsewhere', 'pgoutput')`);
    await shop.sql(`SELECT pg_create_logical_replication_slot('ours', 'pgoutput')`);
    const unclaimed = {isClaimed: false, offset: undefined};
    const offset = {lsn: 1n, systemId: '1'};

    expect(resultOf(await shop.check({slotName: 'elsewhere'}), 'slot elsewhere')).toMatch(
      /^failed .* belongs to database postgres and plugin pgoutput -> choose another slot.name$/,
    );
    expect(resultOf(await shop.check({slotName: 'ours'}), 'slot ours')).toBe(
      'ok slot ours: there, inactive, wal_status reserved',
    );
    expect(resultOf(await shop.check({slotName: 'ours'}, unclaimed), 'slot ours')).toContain(
      'this service has not made it',
    );
    expect(resultOf(await shop.check({}, {isClaimed: true, offset}), 'slot camel')).toMatch(
      /^failed .*another server .* -> take a new snapshot: /,
    );
    await shop.sql(
      `SELECT pg_drop_replication_slot('ours'), pg_drop_replication_slot('elsewhere')`,
    );
  });

  test('asks for a signal table that is there, with its columns', async () => {
    const options = {signalTable: 'shop.signals'};

    const missing = await shop.check(options);
    await shop.apply(missing, 'signal table shop.signals');
    const results = await shop.check({...options, user: 'postgres'});

    expect(resultOf(missing, 'signal table shop.signals')).toMatch(/^failed .* does not exist/);
    expect(resultOf(results, 'signal table shop.signals')).toBe(
      'ok signal table shop.signals: id, type, data',
    );
    expect(results.map(({name}) => name)).not.toContain('table shop.signals');
    await shop.sql('ALTER TABLE shop.signals DROP COLUMN data');
    expect(resultOf(await shop.check(options), 'signal table shop.signals')).toContain(
      'it has no data',
    );
  });

  test('asks whether heartbeat.action.query may be run, and does not run it', async () => {
    await shop.sql(
      'CREATE SCHEMA beats; CREATE TABLE beats.beat (id int PRIMARY KEY, at timestamptz)',
    );
    await shop.sql('GRANT USAGE ON SCHEMA beats TO reader');
    const heartbeat = {
      intervalMs: 1000,
      actionQuery:
        'INSERT INTO beats.beat VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET at = now()',
    };
    const name = 'heartbeat.action.query';

    const results = await shop.check({heartbeat});

    expect(commandsOf(results, name)).toEqual([
      'GRANT SELECT, INSERT, UPDATE ON beats.beat TO "reader";',
    ]);
    await shop.apply(results, name);
    expect(resultOf(await shop.check({heartbeat}), name)).toBe(`ok ${name}: it may be run`);
    expect(await shop.sql('SELECT FROM beats.beat')).toEqual([]);
    const twice = {intervalMs: 1, actionQuery: 'SELECT 1; INSERT INTO beats.beat VALUES (2)'};
    expect(resultOf(await shop.check({heartbeat: twice}), name)).toContain('multiple commands');
    expect(await shop.sql('SELECT FROM beats.beat')).toEqual([]);
  });
});

describe('checkSource of a server with other settings', () => {
  test('names wal_level, and all settings that would end the source later', async () => {
    const shop = await Shop.open({
      settings: {
        wal_level: 'replica',
        max_replication_slots: '0',
        max_wal_senders: '0',
        wal_sender_timeout: '0',
        max_slot_wal_keep_size: '64MB',
        ...(major === 18 ? {idle_replication_slot_timeout: '1h'} : {}),
      },
    });

    const results = await shop.check();

    const expected = [
      /^failed wal_level: replica in place of logical -> run as a superuser, then restart Postgres -> ALTER SYSTEM SET wal_level = logical;$/,
      /^failed max_replication_slots: 0 of 0 in use, .* = 10;$/,
      /^failed max_wal_senders: 0 of 0 in use, .* = 10;$/,
      /^warning max_slot_wal_keep_size: 64 MB: past so much WAL the slot/,
      ...(major === 18 ? [/^warning idle_replication_slot_timeout: 3600 s: /] : []),
      /^warning wal_sender_timeout: 0: /,
      /^skipped replication connection: see what has failed above$/,
    ];
    expect(troubles(results)).toEqual(expected.map((line) => expect.stringMatching(line)));
    await shop.server.stop();
  });

  test('gives statements that mend the settings, some of them with a restart', async () => {
    const left = {
      wal_level: undefined,
      max_replication_slots: undefined,
      max_wal_senders: undefined,
    };
    const shop = await Shop.open({settings: left});
    await shop.sql('ALTER SYSTEM SET max_replication_slots = 0');
    await shop.sql('ALTER SYSTEM SET max_wal_senders = 0');
    await shop.sql('ALTER SYSTEM SET wal_sender_timeout = 100');
    if (major === 18) await shop.sql(`ALTER SYSTEM SET idle_replication_slot_timeout = '5min'`);
    await shop.server.restart();

    const before = await shop.check();
    for (const {name, outcome} of before)
      if (outcome === 'failed' || outcome === 'warning') await shop.apply(before, name);
    await shop.server.restart();
    const after = await shop.check();

    expect(troubles(before)).toHaveLength(major === 18 ? 7 : 6);
    expect(troubles(after)).toEqual([]);
    expect(resultOf(after, 'wal_level')).toBe('ok wal_level: logical');
    await shop.server.stop();
  });

  test('says so where no walsender is free, and nothing of a place that the slot has already', async () => {
    const shop = await Shop.open({settings: {max_replication_slots: '1', max_wal_senders: '1'}});
    await shop.sql(`SELECT pg_create_logical_replication_slot('camel', 'pgoutput')`);

    const own = await shop.check();
    const others = await shop.check({slotName: 'other'});

    expect(resultOf(own, 'max_replication_slots')).toBe('ok max_replication_slots: 1 of 1 in use');
    expect(resultOf(others, 'max_replication_slots')).toMatch(
      /^failed .* ALTER SYSTEM SET .* = 11;$/,
    );
    await shop.server.stop();
  });

  test('says that the password is wrong, and what the server takes in place of no TLS', async () => {
    const shop = await Shop.open({
      authentication: 'scram-sha-256',
      hba: ['host all postgres 127.0.0.1/32 trust'],
    });
    await shop.sql(`ALTER ROLE reader PASSWORD 'right'`);

    expect(resultOf(await shop.check({password: 'wrong'}), 'log in')).toMatch(
      /^failed .* refused user reader: .* -> check database.user and database.password$/,
    );
    expect(resultOf(await shop.check({password: 'right'}), 'log in')).toMatch(/^ok /);
    expect(resultOf(await shop.check({sslmode: 'require'}), 'log in')).toMatch(
      /^failed .* TLS failed .* -> switch it on in Postgres/,
    );
    await shop.server.stop();
  });
});
