import {systemClock} from '../../../src/common/clock.ts';
import {loadDriver} from '../../../src/sinks/snowflake/load-driver.ts';
import type {SnowflakeOptions} from '../../../src/sinks/snowflake/snowflake-options.ts';
import {SnowflakeSink} from '../../../src/sinks/snowflake/snowflake-sink.ts';
import {SnowflakeServer} from '../../support/snowflake/snowflake-server.ts';
import type {SnowflakeServerOptions} from '../../support/snowflake/snowflake-server.ts';

/** A stand-in's account, and sinks on it. */
export class SnowflakeWarehouse {
  readonly server: SnowflakeServer;
  readonly #sinks: SnowflakeSink[] = [];

  private constructor(server: SnowflakeServer) {
    this.server = server;
  }

  static async start(options: SnowflakeServerOptions = {}): Promise<SnowflakeWarehouse> {
    // Which takes seconds the first time, and is nothing that a test is about.
    await loadDriver();
    return new SnowflakeWarehouse(await SnowflakeServer.start(options));
  }

  options(rest: Partial<SnowflakeOptions> = {}): SnowflakeOptions {
    return {
      account: 'acme',
      url: this.server.url,
      user: 'loader',
      credentials: {kind: 'password', password: 'secret'},
      role: undefined,
      warehouse: 'LOADING',
      database: 'ANALYTICS',
      schema: 'PUBLIC',
      preserveCase: false,
      stage: undefined,
      stageThresholdBytes: 8 << 20,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 60_000,
      lockTimeoutMs: 10_000,
      ...rest,
    };
  }

  connect(rest: Partial<SnowflakeOptions> = {}): SnowflakeSink {
    const sink = new SnowflakeSink(this.options(rest), systemClock);
    this.#sinks.push(sink);
    return sink;
  }

  /** Rows of a table in offset order, names in lower case; what is a small number of the sink's as a number. */
  async rows(table: string): Promise<readonly Record<string, unknown>[]> {
    const rows = await this.server.query(`SELECT * FROM "${table}" ORDER BY _OFFSET`);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => {
          const column = name.toLowerCase();
          return [column, numbers.has(column) && value !== null ? Number(value) : value];
        }),
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
    await this.server.close();
  }
}

const numbers = new Set(['_offset', 'count', 'partition', 'number']);
