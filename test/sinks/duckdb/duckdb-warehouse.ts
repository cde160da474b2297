import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DuckDbSink} from '../../../src/sinks/duckdb/duckdb-sink.ts';
import {duckdbRows} from '../../support/duckdb-rows.ts';

/** A DuckDB file in a folder of its own. */
export class DuckDbWarehouse {
  readonly file: string;
  readonly #directory: string;
  #sink: DuckDbSink | undefined;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'millrace-duckdb-'));
    this.file = join(this.#directory, 'warehouse.duckdb');
  }

  /** The sink that has the file open from now on; the one before has to be closed. */
  connect(): DuckDbSink {
    this.#sink = new DuckDbSink({database: this.file});
    return this.#sink;
  }

  /** Closes the sink, so that others can open the file. */
  async disconnect(): Promise<void> {
    await this.#sink?.close();
    this.#sink = undefined;
  }

  /** Runs SQL on the file, that no sink has open. */
  async run(sql: string): Promise<readonly Record<string, unknown>[]> {
    return duckdbRows(this.file, sql);
  }

  /** Rows of a table in offset order, as the open sink sees them: small int64s as numbers, others as text. */
  async rows(table: string): Promise<readonly Record<string, unknown>[]> {
    const rows = await this.#sink?.query(`SELECT * FROM "${table}" ORDER BY _offset`);
    return (rows ?? []).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          name === '_offset' || name === 'count' ? toNumber(value) : value,
        ]),
      ),
    );
  }

  async close(): Promise<void> {
    await this.#sink?.close();
    rmSync(this.#directory, {recursive: true, force: true});
  }
}

function toNumber(value: unknown): unknown {
  return value === null ? null : Number(value);
}
