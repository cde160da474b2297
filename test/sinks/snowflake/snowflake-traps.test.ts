import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {SnowflakeConnection} from '../../../src/sinks/snowflake/snowflake-connection.ts';
import type {SinkRow} from '../../../src/sinks/warehouse-sink.ts';
import {numberedSource} from '../../support/numbered-batches.ts';
import {DeadlineClock} from './deadline-clock.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

let warehouse: SnowflakeWarehouse;
beforeEach(async () => {
  warehouse = await SnowflakeWarehouse.start();
});
afterEach(() => warehouse.close());

function connect(): Promise<SnowflakeConnection> {
  return SnowflakeConnection.open(warehouse.options(), systemClock);
}

function numberedRows(count: number, length = 100): SinkRow[] {
  return Array.from({length: count}, (_, offset) => ({
    offset,
    key: `k${offset}`,
    value: Buffer.from(`{"number":${offset},"text":"${'x'.repeat(length)}"}`),
    timestamp: 0,
  }));
}

/** What the server was sent since `from`, of statements. */
function sentSince(from: number): readonly Readonly<Record<string, unknown>>[] {
  return warehouse.server.requests
    .slice(from)
    .filter(({path}) => path === '/queries/v1/query-request')
    .map(({body}) => body);
}

describe('Snowflake', () => {
  describe('traps of the driver', () => {
    test(
      'trap: array binds over a threshold go through a stage, which commits: a batch of any size sends none within its transaction (§2.3)',
      {timeout: 30_000},
      async () => {
        const sink = warehouse.connect({stageThresholdBytes: 1 << 30});
        const partition = await sink.open(numberedSource('append'));
        const from = warehouse.server.requests.length;

        await partition.write({rows: numberedRows(2, 5 << 20), startOffset: 0, nextOffset: 2});

        const sent = sentSince(from);
        expect(sent.map(({sqlText}) => String(sqlText).split(' ')[0])).toEqual([
          'BEGIN',
          'SELECT',
          'INSERT',
          'INSERT',
          'UPDATE',
          'COMMIT',
        ]);
        expect(sent.filter((body) => 'bindStage' in body)).toEqual([]);
        await partition.close();
      },
    );

    test("trap: a bind's type is that of the first row's value: each is text (§2.3)", async () => {
      const sink = warehouse.connect();
      const from = warehouse.server.requests.length;
      const partition = await sink.open(numberedSource('upsert'));

      await partition.write({rows: numberedRows(3), startOffset: 0, nextOffset: 3});

      const binds = sentSince(from).flatMap(({bindings}) =>
        Object.values((bindings ?? {}) as Record<string, {type: string; value: unknown}>),
      );
      expect(binds.length).toBeGreaterThan(10);
      expect(binds.filter(({type, value}) => type !== 'TEXT' || typeof value !== 'string')).toEqual(
        [],
      );
      await partition.close();
    });

    test('trap: a bigint as a bind throws where no callback hears it: it rejects, and the session goes on (§2.3)', async () => {
      const connection = await connect();

      await expect(connection.execute('SELECT ? AS N', [1n as never])).rejects.toThrow(/BigInt/);

      expect((await connection.execute('SELECT ? AS N', ['1'])).rows).toEqual([{N: '1'}]);
      await connection.close();
    });

    test('trap: a number over 2^53 is rounded in results: it comes as text (§2.3)', async () => {
      const connection = await connect();

      const {rows} = await connection.execute('SELECT 9007199254740993::NUMBER(38,0) AS N');

      expect(rows).toEqual([{N: '9007199254740993'}]);
      await connection.close();
    });

    test('trap: a VARIANT that is not JSON is evaluated as a program: it is not (§2.3)', async () => {
      const connection = await connect();
      const program = '(globalThis.wasEvaluated = true)';
      warehouse.server.nextReply = {
        columns: [{name: 'V', type: 'variant'}],
        rows: [[program]],
        statementTypeId: 4096,
      };

      const {rows} = await connection.execute('SELECT 1 AS V');

      expect(rows).toEqual([{V: program}]);
      expect(globalThis).not.toHaveProperty('wasEvaluated');
      await connection.close();
    });

    test('trap: statements of one session are not put in a row: they are here (§2.4)', async () => {
      const connection = await connect();
      warehouse.server.mostAtOnce = 0;

      await Promise.all([1, 2, 3].map((n) => connection.execute(`SELECT ${n} AS N`)));

      expect(warehouse.server.mostAtOnce).toBe(1);
      await connection.close();
    });

    test('trap: it sends statistics and looks for the cloud that it runs in: it does not (§2.8)', async () => {
      const connection = await connect();

      await connection.execute('SELECT 1 AS N');

      const {requests} = warehouse.server;
      expect(requests.filter(({path}) => path.startsWith('/telemetry'))).toEqual([]);
      const login = requests.find(({path}) => path === '/session/v1/login-request');
      expect(login?.body).toMatchObject({data: {CLIENT_ENVIRONMENT: {PLATFORM: ['disabled']}}});
      await connection.close();
    });

    test('trap: the promise of a login resolves when it is refused: it rejects (§2.9)', async () => {
      const options = warehouse.options({credentials: {kind: 'password', password: 'wrong'}});

      await expect(SnowflakeConnection.open(options, systemClock)).rejects.toMatchObject({
        name: 'FatalError',
        code: 'SINK_AUTHENTICATION_FAILED',
      });
    });

    test('trap: a statement whose error has no SQL state is sent again: none is (§2.9)', async () => {
      const connection = await connect();
      const from = warehouse.server.requests.length;

      await expect(connection.execute('GRANT ALL')).rejects.toThrow(/does not know/);

      expect(sentSince(from)).toHaveLength(1);
      await connection.close();
    });

    test('trap: no timeout of its own ends a statement: the deadline does, and closes the connection (§2.9)', async () => {
      const clock = new DeadlineClock();
      const connection = await SnowflakeConnection.open(warehouse.options(), clock);
      warehouse.server.faults.arm('hangs-before');

      const executing = connection.execute('SELECT 1 AS N');
      await warehouse.server.faults.whenReached;
      clock.expire();

      await expect(executing).rejects.toMatchObject({
        name: 'RetriableError',
        code: 'SINK_UNREACHABLE',
        message: expect.stringContaining('SELECT 1 AS was not answered within 75000 ms'),
      });
      expect(connection.broken).toBe(true);
      await connection.close();
    });
  });
});
