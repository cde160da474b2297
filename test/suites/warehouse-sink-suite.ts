import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {FatalError, TaskError} from '../../src/common/errors.ts';
import type {TableColumn, TableDefinition} from '../../src/sinks/table-definition.ts';
import {RejectedRowError} from '../../src/sinks/warehouse-sink.ts';
import type {
  SinkPartition,
  SinkRow,
  SinkSource,
  WarehouseSink,
} from '../../src/sinks/warehouse-sink.ts';

/** A warehouse, which tests share: each has a sink and a table of its own. One sink at a time has it open. */
export interface WarehouseUnderTest {
  /** A sink as of a process that has just started. */
  readonly connect: () => WarehouseSink;
  /** What is committed, in offset order; numbers as numbers. */
  readonly rows: (table: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  readonly close: () => Promise<void>;
}

const column = (name: string, kind: TableColumn['type']['kind'] = 'VARCHAR'): TableColumn => ({
  name,
  type: {kind},
  from: 'value',
});

const partitionColumn: TableColumn = {
  name: 'partition',
  type: {kind: 'INTEGER'},
  from: 'partition',
};

/** A row; an object becomes its JSON. */
function row(offset: number, key: string | null, value: object | string | null): SinkRow {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return {offset, key, value: value === null ? null : Buffer.from(text), timestamp: 1_000};
}

/** Writes `rows` as one batch that ends right behind the last of them. */
async function write(
  to: SinkPartition,
  startOffset: number,
  rows: readonly SinkRow[],
): Promise<void> {
  await to.write({rows, startOffset, nextOffset: (rows.at(-1)?.offset ?? startOffset) + 1});
}

/** What every WarehouseSink does; called within the `describe` of an implementation. */
export function warehouseSinkSuite(open: () => Promise<WarehouseUnderTest>): void {
  let warehouse: WarehouseUnderTest;
  let sink: WarehouseSink;

  let unique = 0;

  beforeAll(async () => {
    warehouse = await open();
    sink = warehouse.connect();
  });
  beforeEach(() => {
    unique++;
  });
  afterAll(async () => {
    await sink.close();
    await warehouse.close();
  });

  function table(...columns: readonly TableColumn[]): TableDefinition {
    return {name: `orders_${unique}`, columns: [...columns, partitionColumn]};
  }

  function source(rest: Partial<SinkSource> = {}): SinkSource {
    return {
      sink: `sink-${unique}`,
      topic: 'orders',
      topicId: 'topic-1',
      partition: 0,
      table: table(column('size'), column('count', 'BIGINT')),
      insertMode: 'append',
      autoCreate: true,
      autoEvolve: 'evolve',
      ...rest,
    };
  }

  function stored(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return warehouse.rows(`orders_${unique}`);
  }

  /** As after a crash or a restart. */
  async function restart(): Promise<void> {
    await sink.close();
    sink = warehouse.connect();
  }

  async function sizes(): Promise<readonly unknown[]> {
    return (await stored()).map(({_offset, size}) => [_offset, size]);
  }

  async function watermark(of = source()): Promise<number | undefined> {
    const {nextOffset} = await sink.open(of);
    return nextOffset;
  }

  /** The same topic with one more column. */
  function wider(): SinkSource {
    return source({table: table(column('size'), column('count', 'BIGINT'), column('colour'))});
  }

  async function writeNarrow(): Promise<void> {
    await write(await sink.open(source()), 0, [row(0, 'a', {size: 'S', count: 1})]);
  }

  describe('the watermark', () => {
    test('is undefined until something was written', async () => {
      expect(await watermark()).toBeUndefined();
      expect(await watermark()).toBeUndefined();
    });

    test('takes the first batch at any offset', async () => {
      const partition = await sink.open(source());

      await write(partition, 40, [row(41, 'a', {size: 'S'})]);

      expect(await watermark()).toBe(42);
    });

    test('moves with each batch, past offsets that have no row', async () => {
      const partition = await sink.open(source());

      await partition.write({rows: [row(0, 'a', {size: 'S'})], startOffset: 0, nextOffset: 3});
      await partition.write({rows: [row(5, 'b', {size: 'M'})], startOffset: 3, nextOffset: 9});

      expect(await watermark()).toBe(9);
      expect(await sizes()).toEqual([
        [0, 'S'],
        [5, 'M'],
      ]);
    });

    test('moves by an empty batch', async () => {
      const partition = await sink.open(source());

      await partition.write({rows: [], startOffset: 0, nextOffset: 7});

      expect(await watermark()).toBe(7);
      expect(await sizes()).toEqual([]);
    });

    test('is there after a restart, with the rows before it', async () => {
      await write(await sink.open(source()), 0, [row(0, 'a', {size: 'S'})]);

      await restart();

      expect(await watermark()).toBe(1);
      expect(await sizes()).toEqual([[0, 'S']]);
    });

    test('is kept for each sink, topic and partition', async () => {
      const other = {...table(column('size')), name: `other_${unique}`};
      await write(await sink.open(source()), 0, [row(0, 'a', {})]);
      await write(await sink.open(source({partition: 1})), 10, [row(10, 'b', {})]);
      await write(await sink.open(source({topic: 'o', table: other})), 20, [row(20, 'c', {})]);

      expect(await watermark()).toBe(1);
      expect(await watermark(source({partition: 1}))).toBe(11);
      expect(await watermark(source({topic: 'o', table: other}))).toBe(21);
      expect(await watermark(source({sink: `second-${unique}`}))).toBeUndefined();
    });

    test('sink check 25: belongs to one topic: another of the same name is refused', async () => {
      await write(await sink.open(source()), 0, [row(0, 'a', {})]);

      const opening = sink.open(source({topicId: 'topic-2'}));

      await expect(opening).rejects.toBeInstanceOf(FatalError);
      await expect(opening).rejects.toMatchObject({code: 'SINK_OFFSET_MISMATCH'});
      expect(await watermark()).toBe(1);
    });
  });

  describe('a batch', () => {
    test.each([
      ['behind', 0],
      ['ahead of', 2],
    ])('that starts %s the watermark is refused, and writes nothing', async (_, startOffset) => {
      const partition = await sink.open(source());
      await write(partition, 0, [row(0, 'a', {size: 'S'})]);

      const writing = partition.write({
        rows: [row(2, 'b', {size: 'M'})],
        startOffset,
        nextOffset: 3,
      });

      await expect(writing).rejects.toBeInstanceOf(TaskError);
      await expect(writing).rejects.toMatchObject({code: 'SINK_OFFSET_MISMATCH'});
      expect(await sizes()).toEqual([[0, 'S']]);
      expect(await watermark()).toBe(1);
    });

    test('sink check 12: that was written already is refused', async () => {
      const partition = await sink.open(source());
      const batch = {rows: [row(0, 'a', {size: 'S'})], startOffset: 0, nextOffset: 1};
      await partition.write(batch);

      await expect(partition.write(batch)).rejects.toMatchObject({code: 'SINK_OFFSET_MISMATCH'});
      expect(await sizes()).toEqual([[0, 'S']]);
    });

    test('sink check 7: of a writer whose partition was taken over is refused, and writes nothing', async () => {
      const first = await sink.open(source());
      await write(first, 0, [row(0, 'a', {size: 'S'})]);
      const second = await sink.open(source());

      const writing = write(first, 1, [row(1, 'b', {size: 'M'})]);

      await expect(writing).rejects.toBeInstanceOf(TaskError);
      await expect(writing).rejects.toMatchObject({code: 'SINK_FENCED'});
      await write(second, 1, [row(1, 'c', {size: 'L'})]);
      expect(await sizes()).toEqual([
        [0, 'S'],
        [1, 'L'],
      ]);
    });

    test('of a fenced writer is refused also before anything was written', async () => {
      const first = await sink.open(source());
      await sink.open(source());

      await expect(write(first, 0, [row(0, 'a', {})])).rejects.toMatchObject({code: 'SINK_FENCED'});
    });

    test('carries the partition, and columns that are absent or unknown as null or not at all', async () => {
      const partition = await sink.open(source({partition: 3}));

      await write(partition, 0, [row(0, 'a', {size: 'S', colour: 'red'})]);

      const [written] = await stored();
      expect(written).toMatchObject({size: 'S', count: null, partition: 3});
      expect(written).not.toHaveProperty('colour');
    });

    test('goes to one table from several partitions', async () => {
      await write(await sink.open(source({partition: 0})), 0, [row(0, 'a', {size: 'S'})]);
      await write(await sink.open(source({partition: 1})), 0, [row(0, 'b', {size: 'M'})]);

      expect((await stored()).map(({partition, size}) => [partition, size])).toEqual(
        expect.arrayContaining([
          [0, 'S'],
          [1, 'M'],
        ]),
      );
    });

    test('brings columns that are copied from the key', async () => {
      const columns = table({name: 'id', type: {kind: 'VARCHAR'}, from: 'key'}, column('size'));
      const partition = await sink.open(source({table: columns}));

      await write(partition, 0, [row(0, 'o"1', {size: 'S'}), row(1, null, {size: 'M'})]);

      expect((await stored()).map(({id, size}) => [id, size])).toEqual([
        ['o"1', 'S'],
        [null, 'M'],
      ]);
    });

    test("brings columns that are copied from a STRUCT key's fields", async () => {
      const columns = table({name: 'id', type: {kind: 'VARCHAR'}, from: 'key-field'});
      const partition = await sink.open(source({table: columns, insertMode: 'upsert'}));

      await write(partition, 0, [row(0, '{"id":"o1"}', {}), row(1, '{"id":"o2"}', {})]);

      expect((await stored()).map(({id}) => id)).toEqual(['o1', 'o2']);
    });
  });

  describe('a rejected row', () => {
    test.each([
      ['a value of another type', {count: 'many'}],
      ['a value that is no JSON', '{"size":'],
      ['a value that is no object', '["S"]'],
    ])('sink check 17: with %s is named, and nothing of its batch is written', async (_, bad) => {
      const partition = await sink.open(source());
      await write(partition, 0, [row(0, 'a', {size: 'S'})]);

      const writing = write(partition, 1, [
        row(1, 'b', {size: 'M'}),
        row(2, 'c', bad),
        row(3, 'd', {count: 'many'}),
      ]);

      await expect(writing).rejects.toBeInstanceOf(RejectedRowError);
      await expect(writing).rejects.toMatchObject({offset: 2});
      expect(await sizes()).toEqual([[0, 'S']]);
      expect(await watermark()).toBe(1);
    });

    test('is the first one of several, whatever is wrong with them', async () => {
      const partition = await sink.open(source());

      const writing = write(partition, 0, [
        row(0, 'a', {size: 'S'}),
        row(1, 'b', {count: 'many'}),
        row(2, 'c', 'no JSON'),
      ]);

      await expect(writing).rejects.toMatchObject({offset: 1});
    });

    test('leaves the partition open: the batch without it is written', async () => {
      const partition = await sink.open(source({insertMode: 'upsert'}));
      const good = [row(0, 'a', {size: 'S'}), row(2, 'c', {size: 'L'})];
      const [first, last] = good as [SinkRow, SinkRow];
      await expect(
        write(partition, 0, [first, row(1, 'b', {count: 'many'}), last]),
      ).rejects.toMatchObject({offset: 1});

      await write(partition, 0, good);

      expect(await sizes()).toEqual([
        [0, 'S'],
        [2, 'L'],
      ]);
      expect(await watermark(source({insertMode: 'upsert'}))).toBe(3);
    });

    test('does not take its key away from the table', async () => {
      const partition = await sink.open(source({insertMode: 'upsert'}));
      await write(partition, 0, [row(0, 'a', {size: 'S'})]);

      await expect(write(partition, 1, [row(1, 'a', {count: 'x'})])).rejects.toMatchObject({
        offset: 1,
      });

      expect(await sizes()).toEqual([[0, 'S']]);
    });

    test('does not matter once a later row of its batch has replaced it', async () => {
      const partition = await sink.open(source({insertMode: 'upsert'}));

      const writing = write(partition, 0, [
        row(0, 'a', {count: 'x'}),
        row(1, 'b', {count: 'y'}),
        row(2, 'a', {size: 'M'}),
      ]);
      await expect(writing).rejects.toMatchObject({offset: 1});
      await write(partition, 0, [row(0, 'a', {count: 'x'}), row(2, 'a', {size: 'M'})]);

      expect(await sizes()).toEqual([[2, 'M']]);
    });
  });

  describe('append', () => {
    test('keeps every row, also of one key', async () => {
      const partition = await sink.open(source());

      await write(partition, 0, [row(0, 'a', {size: 'S'}), row(1, 'a', {size: 'M'})]);
      await write(partition, 2, [row(2, 'a', {size: 'L'})]);

      expect(await sizes()).toEqual([
        [0, 'S'],
        [1, 'M'],
        [2, 'L'],
      ]);
    });

    test('takes rows without a key', async () => {
      const partition = await sink.open(source());

      await write(partition, 0, [row(0, null, {size: 'S'})]);

      expect(await sizes()).toEqual([[0, 'S']]);
    });
  });

  describe('upsert', () => {
    let partition: SinkPartition;

    beforeEach(async () => {
      partition = await sink.open(source({insertMode: 'upsert'}));
    });

    test('sink check 11: keeps the newest row of each key within a batch', async () => {
      await write(partition, 0, [
        row(0, 'a', {size: 'S'}),
        row(1, 'b', {size: 'S'}),
        row(2, 'a', {size: 'M'}),
        row(3, 'a', {size: 'L'}),
      ]);

      expect(await sizes()).toEqual([
        [1, 'S'],
        [3, 'L'],
      ]);
    });

    test('replaces the row of a key, and no other', async () => {
      await write(partition, 0, [row(0, 'a', {size: 'S', count: 1}), row(1, 'b', {size: 'S'})]);

      await write(partition, 2, [row(2, 'a', {size: 'M'})]);

      expect(await sizes()).toEqual([
        [1, 'S'],
        [2, 'M'],
      ]);
      expect((await stored()).at(-1)).toMatchObject({count: null});
    });

    test('replaces a row that was written before a restart', async () => {
      await write(partition, 0, [row(0, 'a', {size: 'S'}), row(1, 'b', {size: 'S'})]);
      await restart();
      partition = await sink.open(source({insertMode: 'upsert'}));

      await write(partition, 2, [row(2, 'b', {size: 'M'})]);

      expect(await sizes()).toEqual([
        [0, 'S'],
        [2, 'M'],
      ]);
    });

    test('sink check 13: deletes the row of a tombstone, of an earlier batch or the same', async () => {
      await write(partition, 0, [row(0, 'a', {size: 'S'}), row(1, 'b', {size: 'S'})]);

      await write(partition, 2, [row(2, 'a', null), row(3, 'c', {size: 'M'}), row(4, 'c', null)]);

      expect(await sizes()).toEqual([[1, 'S']]);
      expect(await watermark(source({insertMode: 'upsert'}))).toBe(5);
    });

    test('takes a tombstone for a key that it does not have', async () => {
      await write(partition, 0, [row(0, 'a', null)]);

      expect(await sizes()).toEqual([]);
    });

    test('inserts a key again that was deleted, in a later batch or the same', async () => {
      await write(partition, 0, [row(0, 'a', {size: 'S'}), row(1, 'b', {size: 'S'})]);
      await write(partition, 2, [row(2, 'a', null), row(3, 'b', null), row(4, 'b', {size: 'M'})]);

      await write(partition, 5, [row(5, 'a', {size: 'L'})]);

      expect(await sizes()).toEqual([
        [4, 'M'],
        [5, 'L'],
      ]);
    });

    test.each([
      ['quotes and backslashes', `o'"\\1`],
      ['line breaks', 'o\n1\r\n2'],
      ['text beyond ASCII', 'ö🦆'],
      ['nothing', ''],
      ['JSON', '{"id":"o1"}'],
    ])('finds a key of %s again', async (_, key) => {
      await write(partition, 0, [row(0, key, {size: 'S'}), row(1, 'other', {size: 'S'})]);

      await write(partition, 2, [row(2, key, {size: 'M'})]);
      expect(await sizes()).toEqual([
        [1, 'S'],
        [2, 'M'],
      ]);
      await write(partition, 3, [row(3, key, null)]);

      expect(await sizes()).toEqual([[1, 'S']]);
    });

    test('tells keys apart that differ in case or in spaces only', async () => {
      const keys = ['a', 'A', ' a', 'a ', 'á'];

      await write(
        partition,
        0,
        keys.map((key, offset) => row(offset, key, {size: key})),
      );

      expect((await sizes()).length).toBe(keys.length);
    });
  });

  describe('the table', () => {
    test('sink check 2: is created when it is missing', async () => {
      await sink.open(source());

      expect(await stored()).toEqual([]);
    });

    test('has to exist where it is not to be created', async () => {
      const opening = sink.open(source({autoCreate: false}));

      await expect(opening).rejects.toBeInstanceOf(FatalError);
      await expect(opening).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});
    });

    test('sink check 2: is used where it exists and is not to be created', async () => {
      await writeNarrow();

      expect(await watermark(source({autoCreate: false}))).toBe(1);
    });

    test('sink check 15: gets new columns, empty in the rows that it has, under evolve', async () => {
      await writeNarrow();
      const partition = await sink.open(wider());

      await write(partition, 1, [row(1, 'b', {size: 'M', colour: 'red'})]);

      expect(await stored()).toMatchObject([
        {size: 'S', count: 1, colour: null},
        {size: 'M', count: null, colour: 'red'},
      ]);
    });

    test('gets a new column from one partition while another goes on without it', async () => {
      const old = await sink.open(source());
      await write(old, 0, [row(0, 'a', {size: 'S'})]);

      await write(await sink.open({...wider(), partition: 1}), 1, [row(1, 'b', {colour: 'red'})]);
      await write(old, 1, [row(2, 'c', {size: 'M'})]);

      expect((await stored()).map(({colour}) => colour)).toEqual([null, 'red', null]);
    });

    test('stays as it is under ignore, and new columns are left out', async () => {
      await writeNarrow();
      const partition = await sink.open({...wider(), autoEvolve: 'ignore'});

      await write(partition, 1, [row(1, 'b', {size: 'M', colour: 'red'})]);

      expect(await sizes()).toEqual([
        [0, 'S'],
        [1, 'M'],
      ]);
      expect((await stored())[1]).not.toHaveProperty('colour');
    });

    test('is refused under fail when a column is missing', async () => {
      await writeNarrow();

      const opening = sink.open({...wider(), autoEvolve: 'fail'});

      await expect(opening).rejects.toBeInstanceOf(FatalError);
      await expect(opening).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});
      await expect(opening).rejects.toThrow(`sink-${unique}`);
    });

    test.each(['evolve', 'ignore', 'fail'] as const)(
      'keeps columns that the topic no longer brings, and is fine without them, under %s',
      async (autoEvolve) => {
        await writeNarrow();
        const partition = await sink.open(source({table: table(column('size')), autoEvolve}));

        await write(partition, 1, [row(1, 'b', {size: 'M', count: 2})]);

        expect(await stored()).toMatchObject([{size: 'S', count: 1}, {size: 'M'}]);
      },
    );

    test('is refused when a column has another type', async () => {
      await writeNarrow();

      const opening = sink.open(source({table: table(column('size', 'BIGINT'))}));

      await expect(opening).rejects.toBeInstanceOf(FatalError);
      await expect(opening).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});
    });

    test('that was refused fences nobody', async () => {
      const partition = await sink.open(source());
      await expect(
        sink.open(source({table: table(column('size', 'BIGINT'))})),
      ).rejects.toMatchObject({code: 'SINK_TABLE_MISMATCH'});

      await write(partition, 0, [row(0, 'a', {size: 'S'})]);

      expect(await sizes()).toEqual([[0, 'S']]);
    });
  });
}
