import {describe, expect, test} from 'vitest';
import {tableChanges} from '../../../src/sinks/duckdb/duckdb-table.ts';
import type {ExistingColumn} from '../../../src/sinks/duckdb/duckdb-table.ts';
import type {ColumnType, TableColumn} from '../../../src/sinks/table-definition.ts';
import type {SinkSource} from '../../../src/sinks/warehouse-sink.ts';

const column = (name: string, type: ColumnType): TableColumn => ({name, type, from: 'value'});

function source(columns: readonly TableColumn[], rest: Partial<SinkSource> = {}): SinkSource {
  return {
    sink: 'local',
    topic: 'orders',
    topicId: 'topic-1',
    partition: 0,
    table: {name: 'orders', columns},
    insertMode: 'append',
    autoCreate: true,
    autoEvolve: 'evolve',
    ...rest,
  };
}

const existing = (name: string, type: string, optional = true): ExistingColumn => ({
  name,
  type,
  optional,
});
const offset = existing('_offset', 'BIGINT');

const decimal = (precision: number, scale: number): ColumnType => ({
  kind: 'DECIMAL',
  precision,
  scale,
});

describe('tableChanges', () => {
  test('adds what is missing, as a column that may be null', () => {
    const size = column('size', {kind: 'VARCHAR'});
    const price = column('price', decimal(10, 2));

    const changes = tableChanges(source([size, price]), [existing('size', 'VARCHAR'), offset]);

    expect(changes).toEqual({
      add: [{name: 'price', type: 'DECIMAL(10,2)'}],
      write: [size, price],
    });
  });

  test('knows a column by its name in any case', () => {
    const changes = tableChanges(source([column('size', {kind: 'VARCHAR'})]), [
      existing('SIZE', 'VARCHAR'),
      offset,
    ]);

    expect(changes.add).toEqual([]);
  });

  test("adds the sink's own columns also under ignore and fail", () => {
    for (const autoEvolve of ['ignore', 'fail'] as const) {
      const upsert = source([], {insertMode: 'upsert', autoEvolve});

      expect(tableChanges(upsert, [offset]).add.map(({name}) => name)).toEqual([
        '_key',
        '_key_hash',
      ]);
    }
  });

  test.each<[ColumnType, string]>([
    [{kind: 'SMALLINT'}, 'INTEGER'],
    [{kind: 'SMALLINT'}, 'BIGINT'],
    [{kind: 'INTEGER'}, 'BIGINT'],
    [{kind: 'BIGINT'}, 'HUGEINT'],
    [{kind: 'REAL'}, 'DOUBLE'],
    [{kind: 'UUID'}, 'VARCHAR'],
    [{kind: 'JSON'}, 'VARCHAR'],
    [decimal(10, 2), 'DECIMAL(10,2)'],
    [decimal(10, 2), 'DECIMAL(11,3)'],
    [decimal(10, 2), 'DECIMAL(38,2)'],
  ])('writes %o into a column of type %s, which holds all of it', (type, actual) => {
    const wanted = source([column('a', type)]);

    expect(tableChanges(wanted, [existing('a', actual), offset]).add).toEqual([]);
  });

  test.each<[ColumnType, string]>([
    [{kind: 'BIGINT'}, 'INTEGER'],
    [{kind: 'BIGINT'}, 'DOUBLE'],
    [{kind: 'DOUBLE'}, 'FLOAT'],
    [{kind: 'VARCHAR'}, 'INTEGER'],
    [{kind: 'TIMESTAMP'}, 'TIMESTAMP WITH TIME ZONE'],
    [{kind: 'TIMESTAMP'}, 'DATE'],
    [{kind: 'BYTES'}, 'VARCHAR'],
    [decimal(10, 2), 'DECIMAL(10,3)'],
    [decimal(10, 2), 'DECIMAL(9,1)'],
    [decimal(10, 2), 'DOUBLE'],
  ])('refuses to write %o into a column of type %s, by name', (type, actual) => {
    const wanted = source([column('a', type)]);

    expect(() => tableChanges(wanted, [existing('a', actual), offset])).toThrow(
      expect.objectContaining({
        name: 'FatalError',
        code: 'SINK_TABLE_MISMATCH',
        message: expect.stringMatching(
          /^sink local, table orders: column "a" is .*, and the topic brings .*; alter it or write to another table$/,
        ),
      }),
    );
  });

  test('refuses a table with a column that a row has to bring and the topic does not', () => {
    const wanted = source([column('a', {kind: 'VARCHAR'})]);
    const columns = [existing('a', 'VARCHAR', false), offset];

    expect(tableChanges(wanted, columns).add).toEqual([]);
    expect(() => tableChanges(wanted, [...columns, existing('b', 'INTEGER', false)])).toThrow(
      'column "b" is NOT NULL, and the topic does not bring it; drop the constraint',
    );
  });
});
