import {describe, expect, test} from 'vitest';
import {PostgresSource} from '../../../src/cdc/postgres/postgres-source.ts';
import {Conditions} from '../../../src/common/conditions.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {serverPort} from '../../support/server-port.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {until} from '../../support/until.ts';

/** A source whose server is not there, so that each attempt to reach it fails at once. */
async function unreachable(clock: ManualClock): Promise<PostgresSource> {
  return new PostgresSource(
    {
      name: 'camel',
      hostname: '127.0.0.1',
      port: await serverPort(),
      dbname: 'shop',
      user: 'postgres',
      password: '',
      sslmode: 'disable',
      slotName: 'camel',
      publicationName: 'camel',
      snapshotMode: 'initial',
      snapshot: {delayMs: 5_000},
      timeouts: {startMs: 0},
    },
    {clock, logger: silentLogger, conditions: new Conditions()},
  );
}

const refused = {code: 'CDC_CONNECTION_FAILED'};

describe('PostgresSource.open', () => {
  test('waits before an initial snapshot, before it asks the server for anything', async () => {
    const clock = new ManualClock();
    const source = await unreachable(clock);
    const opened = source.open(undefined, new AbortController().signal);
    await until('it waits', () => clock.sleeping === 1);

    clock.advance(5_000);

    await expect(opened).rejects.toMatchObject(refused);
  });

  test('does not wait where there is something to go on from', async () => {
    const source = await unreachable(new ManualClock());

    await expect(
      source.open({lsn: 1n, systemId: '7'}, new AbortController().signal),
    ).rejects.toMatchObject(refused);
  });

  test('ends its wait when it is stopped', async () => {
    const clock = new ManualClock();
    const source = await unreachable(clock);
    const end = new AbortController();
    const opened = source.open(undefined, end.signal);
    await until('it waits', () => clock.sleeping === 1);

    end.abort(new Error('stopped'));

    await expect(opened).rejects.toThrow('stopped');
  });
});
