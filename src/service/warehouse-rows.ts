import type {SinkConfig} from '../config/sink-config.ts';
import {identifier, literal} from '../sinks/duckdb/column-sql.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import {tableName} from '../sinks/table-definition.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';
import type {WarehouseRow} from '../streams/runtime/queries/lineage-answer.ts';
import type {WarehouseRows} from '../streams/runtime/queries/lineage-queries.ts';

/** Rows of one answer at most: in append mode a key has as many as there were versions. */
const MAX_ROWS = 20;

/** Finds rows in the DuckDB files that this process writes to. */
export function warehouseRows(
  sinks: readonly {
    readonly sink: Pick<SinkConfig, 'name' | 'topics'>;
    readonly warehouse: WarehouseSink;
  }[],
): WarehouseRows {
  return {
    async find(topic, key) {
      const found = await Promise.all(
        sinks.flatMap(({sink, warehouse}) =>
          sink.topics.includes(topic) && warehouse instanceof DuckDbSink
            ? [rowsOf(warehouse, sink.name, tableName(topic), key)]
            : [],
        ),
      );
      return found.flat().toSorted((a, b) => b.offset - a.offset);
    },
  };
}

async function rowsOf(
  warehouse: DuckDbSink,
  sink: string,
  table: string,
  key: string,
): Promise<readonly WarehouseRow[]> {
  const columns = await warehouse.query(
    `SELECT column_name FROM duckdb_columns() WHERE table_name = ${literal(table)} ORDER BY column_index`,
  );
  const names = columns.map((column) => String(column['column_name']));
  const [first] = names;
  if (first === undefined) return [];
  // Append mode keeps no key. The first column of a row mostly is; whoever asks compares the key of the record.
  const by = names.includes('_key') ? '_key' : first;
  const rows = await warehouse.query(
    `SELECT "partition" AS partition, "_offset" AS "offset" FROM ${identifier(table)}
     WHERE CAST(${identifier(by)} AS VARCHAR) = ${literal(key)} ORDER BY "_offset" DESC LIMIT ${MAX_ROWS}`,
  );
  return rows.map((row) => ({
    sink,
    table,
    partition: Number(row['partition']),
    offset: Number(row['offset']),
  }));
}
