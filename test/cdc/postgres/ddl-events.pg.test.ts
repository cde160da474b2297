import {describe, expect, inject, test} from 'vitest';
import {CapturedDatabase} from '../../support/captured-database.ts';
import type {EventValue} from '../../support/captured-database.ts';

const port = inject('postgresPort');
const TOPIC = 'postgres.public.t';
const table = 'CREATE TABLE t (id int PRIMARY KEY, v text)';

/** The columns of the row schema that each value was registered with. */
async function registeredColumns(database: CapturedDatabase): Promise<readonly string[]> {
  const ids = (await database.topic(TOPIC)).map(({valueSchemaId}) => valueSchemaId);
  return Promise.all(
    ids.map(async (id) => {
      const {properties} = JSON.parse((await database.log.registry.byId(id ?? -1)) ?? '') as {
        properties: {after: {oneOf: [unknown, {properties: Record<string, ColumnSchema>}]}};
      };
      return Object.entries(properties.after.oneOf[1].properties)
        .toSorted(([, a], [, b]) => a['connect.index'] - b['connect.index'])
        .map(([name, schema]) => `${name} ${typeOf(schema)}`)
        .join();
    }),
  );
}

interface ColumnSchema {
  readonly 'connect.index': number;
  readonly 'connect.type'?: string;
  readonly type?: string;
  readonly oneOf?: readonly ColumnSchema[];
}

function typeOf({type, oneOf, 'connect.type': connectType}: ColumnSchema): string {
  const inner = oneOf?.[1];
  return inner === undefined ? (connectType ?? type ?? '') : `${typeOf(inner)}?`;
}

const rows = (events: readonly (readonly [unknown, EventValue | null])[]): unknown[] =>
  events.map(([, value]) => value?.after);

describe('change events around DDL', () => {
  test('check 25: have each the schema of its own time where changes of the table pile up behind one another', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);
    await database.published();
    await database.run.stop();

    await database.sql(`
      INSERT INTO t VALUES (1, '1');
      ALTER TABLE t ADD COLUMN n int DEFAULT 5; INSERT INTO t VALUES (2, '2');
      ALTER TABLE t RENAME COLUMN v TO w; UPDATE t SET w = 'w' WHERE id = 1;
      ALTER TABLE t ALTER COLUMN n TYPE bigint; INSERT INTO t VALUES (3, '3', 5000000000);
      ALTER TABLE t DROP COLUMN w; INSERT INTO t VALUES (4, 4)`);
    // The catalog has the last shape only by now.
    await database.restart();

    expect(rows(await database.events(TOPIC))).toEqual([
      {id: 1, v: '1'},
      {id: 2, v: '2', n: 5},
      {id: 1, w: 'w', n: 5},
      {id: 3, w: '3', n: 5_000_000_000},
      {id: 4, n: 4},
    ]);
    expect(await registeredColumns(database)).toEqual([
      'id int32,v string?',
      'id int32,v string?,n int32?',
      'id int32,w string?,n int32?',
      'id int32,w string?,n int64?',
      'id int32,n int64?',
    ]);
  });

  test('check 25: have the new shape within the transaction that makes it', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`
      BEGIN; INSERT INTO t VALUES (1, 'a'); ALTER TABLE t ADD COLUMN n int; INSERT INTO t VALUES (2, 'b', 3);
      ALTER TABLE t DROP COLUMN v; INSERT INTO t VALUES (3, 4); COMMIT`);

    expect(rows(await database.events(TOPIC))).toEqual([
      {id: 1, v: 'a'},
      {id: 2, v: 'b', n: 3},
      {id: 3, n: 4},
    ]);
  });

  test('check 25: go to another topic after the table has another name', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t.*'], table);

    await database.sql(`
      INSERT INTO t VALUES (1, 'a'); ALTER TABLE t RENAME TO t2; INSERT INTO t2 VALUES (2, 'b')`);

    expect(rows(await database.events(TOPIC))).toEqual([{id: 1, v: 'a'}]);
    expect(rows(await database.events('postgres.public.t2'))).toEqual([{id: 2, v: 'b'}]);
  });

  test('check 26: stop where a level that somebody has set refuses the new schema, and go on without a gap once it is NONE', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);
    const {registry} = database.log;
    await database.sql(`INSERT INTO t VALUES (1, 'a')`);
    await database.published();
    await registry.setCompatibility(`${TOPIC}-value`, 'BACKWARD');

    await database.sql(`
      INSERT INTO t VALUES (2, 'b'); ALTER TABLE t ADD COLUMN n int; INSERT INTO t VALUES (3, 'c', 1)`);
    await expect(database.run.ended).rejects.toMatchObject({
      name: 'FatalError',
      code: 'SCHEMA_INCOMPATIBLE',
      message: expect.stringMatching(
        /subject postgres\.public\.t-value has compatibility BACKWARD, and the new schema cannot read .*#\/before.*set the subject's compatibility to NONE/,
      ) as string,
    });

    await registry.setCompatibility(`${TOPIC}-value`, 'NONE');
    await database.restart();
    expect(rows(await database.events(TOPIC))).toEqual([
      {id: 1, v: 'a'},
      {id: 2, v: 'b'},
      {id: 3, v: 'c', n: 1},
    ]);
  });

  test('check 26: go on by themselves where nobody has set a level', async () => {
    await using database = await CapturedDatabase.start(port, ['public.t'], table);

    await database.sql(`
      INSERT INTO t VALUES (1, 'a'); ALTER TABLE t ADD COLUMN n int; INSERT INTO t VALUES (2, 'b', 1)`);

    expect(rows(await database.events(TOPIC))).toEqual([
      {id: 1, v: 'a'},
      {id: 2, v: 'b', n: 1},
    ]);
  });
});
