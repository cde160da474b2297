import {describe, expect, inject, test} from 'vitest';
import {PostgresServer, queryPostgres} from './postgres.ts';

describe('PostgresServer', () => {
  test('is of the version that its project is named for, shared or of its own', async () => {
    const major = inject('postgresMajor');
    const own = await PostgresServer.start({major});
    const version = "SELECT current_setting('server_version_num')::int / 10000 AS major";

    const versions = [
      await own.query(version),
      await queryPostgres(inject('postgresPort'), version, 'postgres'),
    ];
    await own.stop();

    expect(versions).toEqual([[{major}], [{major}]]);
  });

  test.each(['hstore', 'ltree', 'citext', 'cube', 'isn'])(
    'brings the extension %s',
    async (name) => {
      const sql = `SELECT count(*)::int AS found FROM pg_available_extensions WHERE name = '${name}'`;

      expect(await queryPostgres(inject('postgresPort'), sql, 'postgres')).toEqual([{found: 1}]);
    },
  );
});
