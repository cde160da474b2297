import {afterEach, beforeEach, describe, expect, inject, test} from 'vitest';
import type {SourceOffset} from '../../../src/cdc/replication-source.ts';
import type {PostgresServer} from '../../support/postgres.ts';
import type {TestSource} from '../../support/postgres-test-source.ts';
import {StandbyPair} from './standby-pair.ts';

describe('PostgresSource with several hosts', () => {
  let pair: StandbyPair;
  let primary: PostgresServer;
  let source: TestSource;
  let from: SourceOffset;

  beforeEach(async () => {
    pair = await StandbyPair.start(inject('postgresMajor'));
    ({primary, source} = pair);
    ({from} = await source.start());
  });

  afterEach(() => pair.stop());

  test('takes the one that is not a standby', async () => {
    await source.sql('INSERT INTO t VALUES (1)');

    expect(await source.changes(from, 1)).toHaveLength(1);
  });

  test('names every host and what is wrong with it while none is a primary', async () => {
    await primary.kill();

    await expect(source.open(from)).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'CDC_CONNECTION_FAILED',
      message: expect.stringMatching(
        /none of the hosts is a primary \(127\.0\.0\.1:\d+ is a standby; 127\.0\.0\.1:\d+: connect ECONNREFUSED.*; 127\.0\.0\.1:\d+: connect ECONNREFUSED/,
      ),
    });
  });
});
