import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TableColumn} from '../../src/sinks/table-definition.ts';
import {tableDefinition} from '../../src/sinks/table-definition.ts';
import type {SinkPartition, SinkSource, WarehouseSink} from '../../src/sinks/warehouse-sink.ts';
import {ordersEnriched} from '../../src/topics.ts';
import type {WarehouseUnderTest} from './warehouse-sink-suite.ts';

type Values = Readonly<Record<string, unknown>>;

const partitionColumn: TableColumn = {
  name: 'partition',
  type: {kind: 'INTEGER'},
  from: 'partition',
};

const text = (name: string): TableColumn => ({name, type: {kind: 'VARCHAR'}, from: 'value'});

function source(table: string, columns: readonly TableColumn[]): SinkSource {
  return {
    sink: `values-${table}`,
    topic: table,
    topicId: 'topic-1',
    partition: 0,
    table: {name: table, columns: [...columns, partitionColumn]},
    insertMode: 'append',
    autoCreate: true,
    autoEvolve: 'evolve',
  };
}

async function write(to: SinkPartition, at: number, values: readonly Values[]): Promise<void> {
  const rows = values.map((value, i) => ({
    offset: at + i,
    key: `k${at + i}`,
    value: Buffer.from(JSON.stringify(value)),
    timestamp: 0,
  }));
  await to.write({rows, startOffset: at, nextOffset: at + rows.length});
}

/** That every warehouse keeps the rows as they are; called within the `describe` of an implementation. */
export function sinkValuesSuite(open: () => Promise<WarehouseUnderTest>): void {
  let warehouse: WarehouseUnderTest;
  let sink: WarehouseSink;
  beforeAll(async () => {
    warehouse = await open();
    sink = warehouse.connect();
  });
  afterAll(async () => {
    await sink.close();
    await warehouse.close();
  });

  /** Rows under lower-case names, as every warehouse finds them. */
  async function stored(table: string): Promise<readonly Values[]> {
    return (await warehouse.rows(table)).map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toLowerCase(), value])),
    );
  }

  test.each(['append', 'upsert'] as const)(
    'sink check 1: has every column of an enriched order, its key and its partition, in mode %s',
    async (insertMode) => {
      const table = tableDefinition({...ordersEnriched, name: `orders_${insertMode}`});
      const order = Object.fromEntries(
        table.columns.filter(({from}) => from === 'value').map(({name}) => [name, `some ${name}`]),
      );
      const partition = await sink.open({
        ...source(table.name, []),
        table,
        partition: 3,
        insertMode,
      });

      await partition.write({
        rows: [{offset: 7, key: 'o1', value: Buffer.from(JSON.stringify(order)), timestamp: 0}],
        startOffset: 7,
        nextOffset: 8,
      });

      expect(await stored(table.name)).toEqual([
        expect.objectContaining({...order, partition: 3, _offset: 7}),
      ]);
      expect(Object.keys(order)).toHaveLength(16);
    },
  );

  test('sink check 16: gets a new column once when two partitions bring it at the same time', async () => {
    const narrow = source('raced', [text('size')]);
    const wide = source('raced', [text('size'), text('colour')]);
    await write(await sink.open(narrow), 0, [{size: 'S'}]);

    const [first, second] = await Promise.all([
      sink.open(wide),
      sink.open({...wide, partition: 1}),
    ]);
    await Promise.all([
      write(first, 1, [{size: 'M', colour: 'red'}]),
      write(second, 2, [{size: 'L', colour: 'blue'}]),
    ]);

    expect((await stored('raced')).map(({size, colour}) => [size, colour])).toEqual([
      ['S', null],
      ['M', 'red'],
      ['L', 'blue'],
    ]);
  });

  test.each([
    ['quotes and backslashes', `it's "so" \\ \\n \\u0041 \\' $1 ? :a`],
    ['line breaks and tabs', 'a\nb\r\nc\td\u2028e'],
    ['text beyond ASCII', 'ö 🦆 日本語 \u0301'],
    ['text that looks like something else', 'null'],
    ['empty text', ''],
    ['spaces', '  a  '],
    ['no text', null],
    ['a megabyte', 'x'.repeat(1 << 20)],
  ])('sink check 20: keeps %s as it is', async (what, value) => {
    const table = `text_${what.replaceAll(/\W/g, '_')}`;
    const partition = await sink.open(source(table, [text('content')]));

    await write(partition, 0, [{content: value}]);

    expect((await stored(table))[0]?.['content']).toBe(value);
  });

  test('sink check 20: keeps integers beyond 2^53 and decimals of 38 digits exactly', async () => {
    const columns: readonly TableColumn[] = [
      {name: 'int64', type: {kind: 'BIGINT'}, from: 'value'},
      {name: 'money', type: {kind: 'DECIMAL', precision: 38, scale: 2}, from: 'value'},
    ];
    const partition = await sink.open(source('numbers', columns));
    const [digits, least] = ['12345678901234567890123456789012345678', '-9223372036854775808'];

    await partition.write({
      rows: [
        `{"int64": 9007199254740993, "money": "${unscaled(BigInt(digits))}"}`,
        `{"int64": ${least}, "money": "${unscaled(-5n)}"}`,
      ].map((json, offset) => ({offset, key: 'k', value: Buffer.from(json), timestamp: 0})),
      startOffset: 0,
      nextOffset: 2,
    });

    const rows = await stored('numbers');
    expect(rows.map(({int64, money}) => [String(int64), String(money)])).toEqual([
      ['9007199254740993', '123456789012345678901234567890123456.78'],
      [least, '-0.05'],
    ]);
  });

  test('sink check 21: takes columns of any name', async () => {
    const names = [
      'size',
      'order',
      'select',
      'Group',
      'a b',
      'x"y',
      "it's",
      '`tick`',
      'ünï',
      '1st',
      'a.b',
    ];
    const partition = await sink.open(source('names', names.map(text)));
    const value = Object.fromEntries(names.map((name, at) => [name, `value ${at}`]));

    await write(partition, 0, [value]);

    expect((await stored('names'))[0]).toMatchObject(
      Object.fromEntries(names.map((name, at) => [name.toLowerCase(), `value ${at}`])),
    );
  });
}

/** The base64 of a decimal's unscaled number, as Connect writes it. */
function unscaled(value: bigint): string {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest !== 0n && rest !== -1n);
  // The sign has to be seen in the first bit.
  const isNegative = ((bytes[0] as number) & 0x80) !== 0;
  if (isNegative !== value < 0n) bytes.unshift(value < 0n ? 0xff : 0);
  return Buffer.from(bytes).toString('base64');
}
