import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {SnowflakeSink} from '../../../src/sinks/snowflake/snowflake-sink.ts';
import {RejectedRowError} from '../../../src/sinks/warehouse-sink.ts';
import type {SinkBatch, SinkPartition, SinkSource} from '../../../src/sinks/warehouse-sink.ts';
import {numberedSource} from '../../support/numbered-batches.ts';
import {until} from '../../support/until.ts';
import {DeadlineClock} from './deadline-clock.ts';
import {withoutPauses} from './quick-driver.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

let warehouse: SnowflakeWarehouse;
let clock: DeadlineClock;
let sink: SnowflakeSink;
beforeEach(async () => {
  warehouse = await SnowflakeWarehouse.start();
  clock = new DeadlineClock();
  sink = new SnowflakeSink(warehouse.options(), clock);
});
afterEach(async () => {
  await sink.close();
  await warehouse.close();
});

function batch(startOffset: number, ...values: number[]): SinkBatch {
  return {
    rows: values.map((number, at) => ({
      offset: startOffset + at,
      key: `k${number}`,
      value: Buffer.from(JSON.stringify({number, text: 'x'})),
      timestamp: 0,
    })),
    startOffset,
    nextOffset: startOffset + values.length,
  };
}

async function numbers(mode: SinkSource['insertMode'] = 'append'): Promise<readonly unknown[]> {
  return (await warehouse.rows(`numbered_${mode}`)).map(({number}) => number);
}

type Fault = Parameters<typeof warehouse.server.faults.arm>[0];

/** What happens to the next statement that begins so. */
function arm(fault: Fault, words: string, times = 1): void {
  warehouse.server.faults.arm(fault, new RegExp(`^${words}`), times);
}

async function restarted(): Promise<SinkPartition> {
  sink = new SnowflakeSink(warehouse.options(), systemClock);
  return sink.open(numberedSource('append'));
}

function requestIds(sql: string): readonly (string | null)[] {
  return warehouse.server.requests
    .filter(({body}) => String(body['sqlText']).startsWith(sql))
    .map(({query}) => query.get('requestId'));
}

describe('Snowflake', () => {
  test.each(['hangs-after', 'fails-after'] as const)(
    'sink check 6: a commit that came about and ends with %s counts as written, and the partition goes on',
    async (fault) => {
      const partition = await sink.open(numberedSource('append'));
      await partition.write(batch(0, 1));
      arm(fault, 'COMMIT');

      const writing = partition.write(batch(1, 2, 3));
      await warehouse.server.faults.whenReached;
      await until('the transaction has ended', () => warehouse.server.transactions.length === 0);
      if (fault === 'hangs-after') clock.expire();
      await writing;
      await partition.write(batch(3, 4));

      expect(await numbers()).toEqual([1, 2, 3, 4]);
    },
  );

  test('sink check 6: a commit whose session is lost before it is looked up in another session, and written again', async () => {
    const partition = await sink.open(numberedSource('append'));
    arm('session-expired', 'COMMIT');

    await expect(partition.write(batch(0, 1))).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
      message: expect.stringContaining('the commit did not come about'),
    });

    expect(await numbers()).toEqual([]);
  });

  test('sink check 6: a commit that never arrived is not taken for one that did', async () => {
    const partition = await sink.open(numberedSource('append'));
    arm('hangs-before', 'COMMIT');

    const writing = partition.write(batch(0, 1));
    void warehouse.server.faults.whenReached.then(() => clock.expire());
    await expect(writing).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
    });

    const again = await restarted();
    expect(again.nextOffset).toBeUndefined();
    await again.write(batch(0, 1));
    expect(await numbers()).toEqual([1]);
  });

  test.each(['unavailable', 'too-many-requests', 'reset', 'answer-lost'] as const)(
    'sink check 8: an INSERT that meets %s is sent again under the same id, and runs once',
    async (fault) => {
      withoutPauses();
      const partition = await sink.open(numberedSource('append'));
      arm(fault, 'INSERT', 3);

      await partition.write(batch(0, 1, 2));

      const ids = requestIds('INSERT');
      expect(ids).toHaveLength(4);
      expect(new Set(ids).size).toBe(1);
      expect(await numbers()).toEqual([1, 2]);
    },
  );

  test('sink check 9: a token that has expired is renewed within the transaction, and nothing else happens', async () => {
    const partition = await sink.open(numberedSource('append'));
    const from = warehouse.server.requests.length;
    warehouse.server.expireTokens();

    await partition.write(batch(0, 1));

    const paths = warehouse.server.requests.slice(from).map(({path}) => path);
    expect(paths.filter((path) => path === '/session/token-request')).toHaveLength(1);
    expect(paths).not.toContain('/session/v1/login-request');
    expect(await numbers()).toEqual([1]);
  });

  test('sink check 9: a session that was lost between two batches is replaced', async () => {
    const partition = await sink.open(numberedSource('append'));
    await partition.write(batch(0, 1));
    await warehouse.server.loseSessions();

    await partition.write(batch(1, 2));

    expect(await numbers()).toEqual([1, 2]);
  });

  test('sink check 9: a session that is lost within a batch ends it, and the watermark is read again', async () => {
    const partition = await sink.open(numberedSource('append'));
    await partition.write(batch(0, 1));
    arm('session-expired', 'UPDATE');

    await expect(partition.write(batch(1, 2))).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
    });

    const again = await restarted();
    expect(again.nextOffset).toBe(1);
    await again.write(batch(1, 2));
    expect(await numbers()).toEqual([1, 2]);
  });

  test('sink check 7: a transaction that a dead process has left open is ended by the next writer, with its locks', async () => {
    const partition = await sink.open(numberedSource('append'));
    await partition.write(batch(0, 1));
    arm('hangs-before', 'COMMIT');
    // As of a process that was killed: nobody logs out.
    void partition.write(batch(1, 2)).catch(() => undefined);
    await warehouse.server.faults.whenReached;
    expect(warehouse.server.transactions).toHaveLength(1);

    const again = await restarted();

    expect(again.nextOffset).toBe(1);
    await again.write(batch(1, 3));
    expect(await numbers()).toEqual([1, 3]);
  });

  test('leaves the transactions of other partitions alone', async () => {
    const partition = await sink.open(numberedSource('append'));
    arm('hangs-before', 'UPDATE');
    void partition.write(batch(0, 1)).catch(() => undefined);
    await warehouse.server.faults.whenReached;

    await sink.open({...numberedSource('append'), partition: 1});

    expect(warehouse.server.transactions).toHaveLength(1);
  });

  test('does not move the watermark alone when its transaction is aborted from outside', async () => {
    const partition = await sink.open(numberedSource('append'));
    await partition.write(batch(0, 1));
    const {server} = warehouse;
    const run = server.faults.take.bind(server.faults);
    server.faults.take = (sql) => {
      if (sql.startsWith('UPDATE')) void server.sessions.map((session) => session.abort());
      return run(sql);
    };

    await expect(partition.write(batch(1, 2))).rejects.toMatchObject({name: 'TaskError'});

    const again = await restarted();
    expect(again.nextOffset).toBe(1);
    expect(await numbers()).toEqual([1]);
  });

  test('sink check 23: closing in the middle of a batch rolls its transaction back', async () => {
    const partition = await sink.open(numberedSource('append'));
    arm('hangs-before', 'UPDATE');
    void partition.write(batch(0, 1)).catch(() => undefined);
    await warehouse.server.faults.whenReached;

    await sink.close();

    expect(warehouse.server.transactions).toEqual([]);
    expect(warehouse.server.sessions).toEqual([]);
    expect(await numbers()).toEqual([]);
  });

  test('sink check 22: sends nothing while it has nothing to write', async () => {
    await sink.open(numberedSource('append'));
    const before = warehouse.server.requests.length;

    await systemClock.yield();

    expect(warehouse.server.requests.length).toBe(before);
  });

  test('sink check 12: an older row does not take the place of a newer one, whatever the watermark says', async () => {
    const partition = await sink.open(numberedSource('upsert'));
    await partition.write({rows: [keyed(5, 'k', 5)], startOffset: 0, nextOffset: 6});
    await partition.close();
    await warehouse.server.query('UPDATE _SINK_OFFSETS SET NEXT_OFFSET = 0');
    const again = await sink.open(numberedSource('upsert'));

    await again.write({rows: [keyed(3, 'k', 3)], startOffset: 0, nextOffset: 4});
    await again.write({rows: [keyed(4, 'k', null)], startOffset: 4, nextOffset: 5});

    expect(await numbers('upsert')).toEqual([5]);
  });

  test('takes a key over from another partition, whose offsets say nothing about its own', async () => {
    const source: SinkSource = {
      ...numberedSource('upsert'),
      table: {
        name: 'numbered_upsert',
        columns: [
          ...numberedSource('upsert').table.columns,
          {name: 'partition', type: {kind: 'INTEGER'}, from: 'partition'},
        ],
      },
    };
    const first = await sink.open(source);
    await first.write({rows: [keyed(100, 'k', 1)], startOffset: 0, nextOffset: 101});
    const second = await sink.open({...source, partition: 1});

    await second.write({rows: [keyed(0, 'k', 2)], startOffset: 0, nextOffset: 1});

    expect(await numbers('upsert')).toEqual([2]);
  });

  test('sink check 16: two partitions that both find the column missing both add it, and both go on', async () => {
    const narrow = numberedSource('append');
    const [number] = narrow.table.columns;
    await (await sink.open({...narrow, table: {...narrow.table, columns: [number!]}})).close();
    const {faults} = warehouse.server;
    arm('held', 'ALTER TABLE', 2);
    const {length} = faults.statements;

    const opening = [0, 1].map((partition) =>
      sink.open({...narrow, partition, autoEvolve: 'evolve'}),
    );
    await until('both want to add it', () => {
      const sent = faults.statements.slice(length);
      return sent.filter((sql) => sql.startsWith('ALTER TABLE')).length === 2;
    });
    faults.release();
    const partitions = await Promise.all(opening);
    await Promise.all(partitions.map((partition, at) => partition.write(batch(0, at))));

    const rows = await warehouse.rows('numbered_append');
    expect(rows.map(({number: found}) => found).toSorted((a, b) => Number(a) - Number(b))).toEqual([
      0, 1,
    ]);
    expect(rows.map(({text}) => text)).toEqual(['x', 'x']);
  });

  test('rejects text that would make two rows of one value', async () => {
    const partition = await sink.open(numberedSource('append'));
    const value = Buffer.from('{"number":1}},{"o":7,"k":null,"v":{"number":2}');
    const rows = [...batch(0, 1).rows, {offset: 1, key: null, value, timestamp: 0}];

    const writing = partition.write({rows, startOffset: 0, nextOffset: 2});

    await expect(writing).rejects.toBeInstanceOf(RejectedRowError);
    await expect(writing).rejects.toMatchObject({offset: 1});
    expect(await numbers()).toEqual([]);
  });

  test('waits for a lock on the watermarks no longer than the session allows', async () => {
    const slow = new SnowflakeSink(warehouse.options({lockTimeoutMs: 1000}), systemClock);
    const first = await sink.open(numberedSource('append'));
    const second = await slow.open({...numberedSource('append'), partition: 1});
    arm('hangs-before', 'COMMIT');
    void first.write(batch(0, 1)).catch(() => undefined);
    await warehouse.server.faults.whenReached;

    await expect(second.write(batch(0, 2))).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
      message: expect.stringContaining('000625'),
    });
    await slow.close();
  });
});

function keyed(offset: number, key: string, number: number | null): SinkBatch['rows'][number] {
  const value = number === null ? null : Buffer.from(JSON.stringify({number}));
  return {offset, key, value, timestamp: 0};
}
