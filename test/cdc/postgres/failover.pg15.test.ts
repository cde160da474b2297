import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import type {SourceOffset} from '../../../src/cdc/replication-source.ts';
import type {PostgresServer} from '../../support/postgres.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {until} from '../../support/until.ts';
import {StandbyPair} from './standby-pair.ts';

describe('PostgresSource where slots do not come along to a standby', () => {
  let pair: StandbyPair;
  let primary: PostgresServer;
  let standby: PostgresServer;
  let source: TestSource;
  let from: SourceOffset;

  beforeEach(async () => {
    pair = await StandbyPair.start(inject('postgresMajor'));
    ({primary, standby, source} = pair);
    ({from} = await source.start());
  });

  afterEach(() => pair.stop());

  test('stops when the promoted standby has no slot', async () => {
    const ended = source.events(from, () => false).catch((error: unknown) => error);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await primary.kill();
    await standby.query('SELECT pg_promote()');

    expect(await ended).toMatchObject({code: 'CDC_SLOT_LOST'});
  });
});

describe('slot.failover where the server has no such slots', () => {
  test('is warned of at the first start, by name and with what it means', async () => {
    await using source = await TestSource.create(inject('postgresPort'), {slot: {failover: true}});
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');

    await source.start();

    expect(source.conditions.list()).toMatchObject([
      {
        code: 'CDC_FAILOVER_UNSUPPORTED',
        severity: 'warning',
        message: expect.stringContaining(
          'is Postgres 15, which copies no slot to standbys',
        ) as string,
      },
    ]);
  });
});
