import {existsSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import {FatalError, RetriableError, TaskError} from '../../../src/common/errors.ts';
import type {DatabricksSink} from '../../../src/sinks/databricks/databricks-sink.ts';
import type {
  InsertMode,
  SinkPartition,
  SinkRow,
  SinkSource,
} from '../../../src/sinks/warehouse-sink.ts';
import {until} from '../../support/until.ts';
import {DatabricksWarehouse} from './databricks-warehouse.ts';

vi.setConfig({testTimeout: 20_000});

let warehouse: DatabricksWarehouse;
let cases = 0;
beforeAll(async () => {
  warehouse = await DatabricksWarehouse.start();
});
beforeEach(() => {
  cases++;
  warehouse.faults.clear();
});
afterAll(() => warehouse.close());

function source(insertMode: InsertMode, rest: Partial<SinkSource> = {}): SinkSource {
  return {
    sink: 'lake',
    topic: `numbers${cases}`,
    topicId: 'topic-1',
    partition: 0,
    table: {
      name: `numbers${cases}`,
      columns: [
        {name: 'number', type: {kind: 'BIGINT'}, from: 'value'},
        {name: 'partition', type: {kind: 'INTEGER'}, from: 'partition'},
      ],
    },
    insertMode,
    autoCreate: true,
    autoEvolve: 'evolve',
    ...rest,
  };
}

function row(offset: number, key: string, number: unknown = offset): SinkRow {
  const value = number === null ? null : Buffer.from(JSON.stringify({number}));
  return {offset, key, value, timestamp: 1};
}

async function write(partition: SinkPartition, rows: readonly SinkRow[]): Promise<void> {
  const startOffset = rows[0]?.offset ?? 0;
  await partition.write({rows, startOffset, nextOffset: (rows.at(-1)?.offset ?? 0) + 1});
}

async function offsets(): Promise<readonly unknown[]> {
  return (await warehouse.rows(`numbers${cases}`)).map(({_offset}) => _offset);
}

function folder(): string {
  return warehouse.server.volumeFile(`${warehouse.server.address.volume}/lake/numbers${cases}/0`);
}

function filesInVolume(): readonly string[] {
  return existsSync(folder()) ? readdirSync(folder()) : [];
}

/** The statement that brings a batch into the table. */
const loadBy = {append: /^COPY INTO/, upsert: /^MERGE INTO `main`.`default`.`numbers/};

/** Another process opens the partition, and writes what is missing of three rows. */
async function takeOver(mode: InsertMode): Promise<void> {
  const partition = await warehouse.connect().open(source(mode));
  const rows = [row(0, 'a'), row(1, 'b'), row(2, 'c')].slice(partition.nextOffset ?? 0);
  await write(partition, rows);
}

/** What it fails with; undefined where it does not. */
function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** A process dies at the next statement that matches, run or not; another one has started. */
async function killAt(
  statement: RegExp,
  fault: 'hangs-before' | 'hangs-after',
  work: (sink: DatabricksSink) => Promise<unknown>,
): Promise<DatabricksSink> {
  const sink = warehouse.connect();
  warehouse.faults.arm(fault, statement);
  const working = work(sink).catch(() => undefined);
  await warehouse.faults.whenReached;
  // What is run is run before the next process asks.
  if (fault === 'hangs-after') await until('it has run', async () => (await offsets()).length > 0);
  await sink.close();
  await working;
  return warehouse.connect();
}

describe('Databricks', () => {
  test.each(['append', 'upsert'] as const)(
    'sink check 6: a load by %s whose answer is lost is in the table once',
    async (mode) => {
      const next = await killAt(loadBy[mode], 'hangs-after', async (sink) =>
        write(await sink.open(source(mode)), [row(0, 'a'), row(1, 'b')]),
      );

      const partition = await next.open(source(mode));
      await write(partition, [row(2, 'c')]);

      expect(partition.nextOffset).toBe(2);
      expect(await offsets()).toEqual([0, 1, 2]);
    },
  );

  test.each(['append', 'upsert'] as const)(
    'completes a batch that was announced and not loaded (%s), whatever the edges of later ones',
    async (mode) => {
      const next = await killAt(loadBy[mode], 'hangs-before', async (sink) => {
        const partition = await sink.open(source(mode));
        await write(partition, [row(0, 'a'), row(1, 'b'), row(2, 'c')]);
      });

      const partition = await next.open(source(mode));

      expect(partition.nextOffset).toBe(3);
      expect(await offsets()).toEqual([0, 1, 2]);
    },
  );

  test.each(['append', 'upsert'] as const)(
    'sink check 7: a load by %s that wants to commit after another writer has taken over fails',
    async (mode) => {
      const stale = await warehouse.connect().open(source(mode));
      const held = warehouse.server.holdBeforeCommit(loadBy[mode]);
      const writing = write(stale, [row(0, 'a'), row(1, 'b')]);
      await held.reached;

      const partition = await warehouse.connect().open(source(mode));
      const reached = partition.nextOffset ?? 0;
      const rest = [row(0, 'a'), row(1, 'b'), row(2, 'c')].slice(reached);
      await write(partition, rest);
      held.release();
      await Promise.allSettled([writing]);

      expect(reached).toBe(2);
      expect(await offsets()).toEqual([0, 1, 2]);
      const last = write(stale, [row(2, 'x')]);
      await expect(last).rejects.toBeInstanceOf(TaskError);
      await expect(last).rejects.toMatchObject({code: 'SINK_FENCED'});
    },
  );

  test.each(['append', 'upsert'] as const)(
    'sink check 7: a load by %s that a stopped writer sends at any moment of a take-over counts once',
    async (mode) => {
      const found: unknown[] = [];
      const failures: unknown[] = [];
      let isOver = false;
      for (let at = 1; !isOver; at++) {
        cases++;
        warehouse.faults.clear();
        const stale = await warehouse.connect().open(source(mode));
        const goOn = warehouse.faults.arm('held', loadBy[mode]);
        const writing = failureOf(write(stale, [row(0, 'a'), row(1, 'b')]));
        await warehouse.faults.whenReached;

        // While the statement of this number has run and not committed, the whole load is sent, run and answered.
        const commit = warehouse.faults.arm('commits-late', at);
        const reached = warehouse.faults.whenReached.then(() => false);
        const taking = takeOver(mode);
        isOver = await Promise.race([reached, taking.then(() => true)]);
        goOn();
        const failure = await writing;
        commit();
        await taking;

        found.push(await offsets());
        if (failure !== undefined) failures.push(failure);
      }
      // All statements of opening, and of a batch.
      expect(found.length).toBeGreaterThan(8);
      expect(found).toEqual(found.map(() => [0, 1, 2]));
      // It is not the table, and no row, that it complains of.
      expect(failures.length).toBeGreaterThan(0);
      expect(
        failures.filter((e) => !(e instanceof TaskError || e instanceof RetriableError)),
      ).toEqual([]);
    },
  );

  test.each(['append', 'upsert'] as const)(
    'sink check 7: a writer that stops at any statement of taking over by %s does no harm when it goes on after a third one',
    async (mode) => {
      const found: unknown[] = [];
      for (let at = 1; ; at++) {
        cases++;
        warehouse.faults.clear();
        const first = await killAt(loadBy[mode], 'hangs-before', async (sink) =>
          write(await sink.open(source(mode)), [row(0, 'a'), row(1, 'b')]),
        );
        warehouse.faults.clear();
        const goOn = warehouse.faults.arm('held', at);
        const reached = warehouse.faults.whenReached.then(() => true);
        const second = first.open(source(mode));
        const isHeld = await Promise.race([reached, second.then(() => false)]);
        if (!isHeld) break;

        const third = await warehouse.connect().open(source(mode));
        if (mode === 'upsert') await write(third, [row(2, 'a', null)]);
        goOn();
        const failure = await failureOf(second);
        // Whatever the one in between has done, this one goes on, or is told to open again.
        const last = mode === 'upsert' ? 3 : 2;
        if ((await failureOf(write(third, [row(last, 'c')]))) !== undefined) {
          const fourth = await warehouse.connect().open(source(mode));
          if (fourth.nextOffset === last) await write(fourth, [row(last, 'c')]);
        }

        expect(
          failure === undefined ||
            failure instanceof TaskError ||
            failure instanceof RetriableError,
        ).toBe(true);
        found.push(await offsets());
      }
      expect(found.length).toBeGreaterThan(8);
      expect(found).toEqual(found.map(() => (mode === 'upsert' ? [1, 3] : [0, 1, 2])));
    },
  );

  test.each(['append', 'upsert'] as const)(
    'sink check 7: a writer whose file is taken over (%s) just before it loads it does not take its rows for bad ones',
    async (mode) => {
      const first = await killAt(loadBy[mode], 'hangs-before', async (sink) =>
        write(await sink.open(source(mode)), [row(0, 'a'), row(1, 'b')]),
      );
      const {faults} = warehouse;
      const letBringFile = faults.arm('held', (sql) => sql.startsWith('UPLOAD'));
      const second = failureOf(first.open(source(mode)));
      await faults.whenReached;
      const letLoad = faults.arm('held', loadBy[mode]);
      const third = failureOf(warehouse.connect().open(source(mode)));
      await faults.whenReached;

      letBringFile();
      await second;
      letLoad();
      const failure = await third;
      const fourth = await warehouse.connect().open(source(mode));
      await write(fourth, [row(0, 'a'), row(1, 'b'), row(2, 'c')].slice(fourth.nextOffset ?? 0));

      expect(failure === undefined || failure instanceof TaskError).toBe(true);
      expect(fourth.nextOffset).toBe(2);
      expect(await offsets()).toEqual([0, 1, 2]);
    },
  );

  test('sink check 7: a MERGE that begins when another writer has the partition changes nothing, also where its file is still there', async () => {
    const stale = await warehouse.connect().open(source('upsert'));
    await write(stale, [row(0, 'a')]);
    warehouse.faults.arm('held', loadBy.upsert);
    const writing = write(stale, [row(1, 'b')]);
    await warehouse.faults.whenReached;
    warehouse.faults.arm('fails-before', (sql) => sql.startsWith('REMOVE'), Infinity);

    const partition = await warehouse.connect().open(source('upsert'));
    await write(partition, [row(2, 'b', null)]);
    warehouse.faults.release();
    await Promise.allSettled([writing]);

    expect(await offsets()).toEqual([0]);
  });

  test('sink check 12: an older row does not take the place of a newer one, whatever the watermark says', async () => {
    const sink = warehouse.connect();
    const partition = await sink.open(source('upsert'));
    await write(partition, [row(5, 'k')]);
    await partition.close();
    await warehouse.server.query(`UPDATE _sink_offsets SET next_offset = 0`);
    const again = await sink.open(source('upsert'));

    await again.write({rows: [row(3, 'k')], startOffset: 0, nextOffset: 4});
    await again.write({rows: [row(4, 'k', null)], startOffset: 4, nextOffset: 5});

    expect(await offsets()).toEqual([5]);
  });

  test('keeps the watermark of a partition whose rows are all deleted', async () => {
    const sink = warehouse.connect();
    const partition = await sink.open(source('upsert'));
    await write(partition, [row(0, 'a'), row(1, 'b')]);
    await write(partition, [row(2, 'a', null), row(3, 'b', null)]);
    await partition.close();

    const {nextOffset} = await sink.open(source('upsert'));

    expect(nextOffset).toBe(4);
    expect(await offsets()).toEqual([]);
  });

  test('does not bring a deleted row back when the batch that had it is loaded again', async () => {
    const next = await killAt(loadBy.upsert, 'hangs-before', async (sink) => {
      const partition = await sink.open(source('upsert'));
      await write(partition, [row(0, 'a'), row(1, 'b'), row(2, 'a', null)]);
    });

    await next.open(source('upsert'));
    await next.open(source('upsert'));

    expect(await offsets()).toEqual([1]);
  });

  test('drops an announced batch whose row the table does not take: it is read again', async () => {
    const next = await killAt(/^COPY INTO/, 'hangs-before', async (sink) => {
      const partition = await sink.open(source('append'));
      await write(partition, [row(0, 'a')]);
      warehouse.faults.arm('hangs-before', /^COPY INTO/);
      await write(partition, [row(1, 'b', 'many'), row(2, 'c')]);
    });
    const partition = await next.open(source('append'));
    await expect(write(partition, [row(1, 'b', 'many')])).rejects.toMatchObject({offset: 1});
    await write(partition, [row(1, 'b')]);
    expect(await offsets()).toEqual([0, 1]);
  });

  test('stops when an announced file is gone, and says how to decide', async () => {
    const next = await killAt(loadBy.append, 'hangs-before', async (sink) =>
      write(await sink.open(source('append')), [row(0, 'a')]),
    );
    rmSync(folder(), {recursive: true});

    const opening = next.open(source('append'));

    await expect(opening).rejects.toBeInstanceOf(FatalError);
    await expect(opening).rejects.toThrow('SET pending_file = NULL WHERE');
  });

  test('stops when the batch that was announced was for another mode', async () => {
    const next = await killAt(/^COPY INTO/, 'hangs-before', async (sink) =>
      write(await sink.open(source('append')), [row(0, 'a')]),
    );

    const opening = next.open(source('upsert'));

    await expect(opening).rejects.toMatchObject({code: 'SINK_OFFSET_MISMATCH'});
  });

  test('leaves no file behind: neither loaded ones nor those of a process that died', async () => {
    const next = await killAt(/^UPDATE .* pending_file = '/, 'hangs-before', async (sink) =>
      write(await sink.open(source('append')), [row(0, 'a')]),
    );
    expect(filesInVolume()).toHaveLength(1);
    writeFileSync(join(folder(), 'of-somebody-who-died.json.gz'), '');

    const partition = await next.open(source('append'));
    expect(filesInVolume()).toEqual([]);
    await write(partition, [row(0, 'a')]);
    await write(partition, [row(1, 'b')]);
    await partition.close();

    expect(filesInVolume()).toEqual([]);
    expect(await offsets()).toEqual([0, 1]);
  });

  test('sink check 16: two partitions that both find the column missing both add it, and both go on', async () => {
    const sink = warehouse.connect();
    const wide = source('append');
    await (await sink.open(source('append', {table: {...wide.table, columns: []}}))).close();
    warehouse.faults.arm('held', /^ALTER TABLE .* ADD COLUMNS/, 2);
    const {length} = warehouse.server.statements;

    const opening = [0, 1].map((partition) => sink.open({...wide, partition}));
    await until('both want to add it', () => {
      const sent = warehouse.server.statements.slice(length);
      return sent.filter((sql) => sql.includes(' ADD COLUMNS ')).length === 2;
    });
    warehouse.faults.release();
    const partitions = await Promise.all(opening);
    await Promise.all(partitions.map((partition) => write(partition, [row(0, 'a')])));

    expect(
      (await warehouse.rows(`numbers${cases}`)).map(({number, _offset}) => [number, _offset]),
    ).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('sink check 22: sends no statement while there is nothing to write', async () => {
    const partition = await warehouse.connect().open(source('append'));
    await write(partition, [row(0, 'a')]);
    const {length} = warehouse.server.statements;

    await warehouse.server.query('SELECT 1');

    expect(warehouse.server.statements).toHaveLength(length);
  });
});
