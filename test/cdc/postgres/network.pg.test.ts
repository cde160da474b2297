import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {PostgresSource} from '../../../src/cdc/postgres/postgres-source.ts';
import type {PostgresSourceOptions} from '../../../src/cdc/postgres/postgres-source-options.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {FastClock} from '../../support/fast-clock.ts';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource} from '../../support/postgres-test-source.ts';
import {TcpProxy} from '../../support/tcp-proxy.ts';
import {until} from '../../support/until.ts';

const walSenderTimeoutMs = 2_000;
let server: PostgresServer;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await PostgresServer.start({
    major: inject('postgresMajor'),
    settings: {wal_sender_timeout: `${walSenderTimeoutMs}ms`},
  });
});

afterAll(() => server.stop());

beforeEach(async () => {
  proxy = await TcpProxy.start(server.port);
});

afterEach(() => proxy.stop());

/** A source behind the proxy that has taken its snapshot; the test itself goes around it. */
async function behindProxy(options: Partial<PostgresSourceOptions> = {}): Promise<TestSource> {
  const source = await TestSource.create(server.port, {
    hostname: `127.0.0.1:${proxy.port}`,
    connectTimeoutMs: 500,
    ...options,
  });
  await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
  return source;
}

async function insert(source: TestSource, first: number, last: number): Promise<void> {
  await source.sql(
    `INSERT INTO t SELECT g, repeat('x', 300) FROM generate_series(${first}, ${last}) g`,
  );
}

const numbers = (last: number): number[] => Array.from({length: last}, (_, index) => index + 1);

describe('PostgresSource behind a network that fails', () => {
  test('check 46: goes on after its connections were cut and refused, without a gap or a repeat', async () => {
    await using source = await behindProxy();
    const {from} = await source.start();
    const changes = source.changes(from, 6_000);
    await insert(source, 1, 3_000);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await proxy.refuse();
    await insert(source, 3_001, 6_000);
    await until('the cut is told', () =>
      source.conditions.list().some(({code}) => code === 'CDC_CONNECTION_FAILED'),
    );
    await proxy.pass();

    expect((await changes).map(({after}) => Number(after?.[0]))).toEqual(numbers(6_000));
    // The monitor's look may have met the cut, too: it looks again once the stream is back.
    await until('all is well', () => source.conditions.list().length === 0);
  });

  test('check 46: notices a half-open connection within twice wal_sender_timeout', async () => {
    await using source = await behindProxy();
    const {from} = await source.start();
    const changes = source.changes(from, 1);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await proxy.blackhole();
    const started = performance.now();
    await until('the silence is told', () =>
      source.conditions
        .list()
        .some(({code, message}) => code === 'CDC_CONNECTION_FAILED' && message.includes('silent')),
    );
    const took = performance.now() - started;
    await proxy.pass();
    await insert(source, 1, 1);

    // What was under way when the hole opened was received just before; it is looked for every half second.
    expect(took).toBeLessThan(2 * walSenderTimeoutMs + 1_000);
    expect(await changes).toHaveLength(1);
  });

  test('check 46: goes on after a cut of five minutes', async () => {
    const clock = new FastClock();
    // A second of the server is twenty of this clock.
    await using source = await behindProxy({timeouts: {silenceMs: 120_000}});
    source.source = new PostgresSource(source.options, {
      clock,
      logger: silentLogger,
      conditions: source.conditions,
    });
    const {from} = await source.start();
    const changes = source.changes(from, 200);
    await insert(source, 1, 100);
    await until('it streams', async () => (await source.slot())?.pid !== null);

    await proxy.refuse();
    const cutAt = clock.now();
    await insert(source, 101, 200);
    await until('five minutes are over', () => clock.now() - cutAt > 300_000);
    await proxy.pass();

    expect((await changes).map(({after}) => Number(after?.[0]))).toEqual(numbers(200));
    clock.stop();
  });
});
