import type {DuckDBConnection, DuckDBInstance} from '@duckdb/node-api';
import {unreachable} from './duckdb-client.ts';

/** A DuckDB file that is only read: nothing is made, and a process that writes to it keeps others out. */
export class DuckDbLook {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  /** @throws RetriableError SINK_UNREACHABLE when the file is none of DuckDB's, or another process has it open. */
  static async open(database: string): Promise<DuckDbLook> {
    try {
      const {DuckDBInstance: Instance} = await import('@duckdb/node-api');
      const instance = await Instance.create(database, {access_mode: 'READ_ONLY', threads: '1'});
      return new DuckDbLook(instance, await instance.connect());
    } catch (error) {
      throw unreachable(database, error);
    }
  }

  /** DuckDB's own version. */
  async version(): Promise<string> {
    const answer = await this.connection.runAndReadAll('SELECT version()');
    return String(answer.getRows()[0]?.[0]);
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}
