import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../../src/common/clock.ts';
import type {Clock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {DatabricksOptions} from '../../../src/sinks/databricks/databricks-client.ts';
import {DatabricksSink} from '../../../src/sinks/databricks/databricks-sink.ts';
import {DatabricksServer} from '../../support/databricks/databricks-server.ts';
import type {DatabricksServerOptions} from '../../support/databricks/databricks-server.ts';
import {StatementFaults} from '../../support/statement-faults.ts';

/** A SQL warehouse of its own, which any number of sinks can reach. */
export class DatabricksWarehouse {
  readonly server: DatabricksServer;
  readonly faults: StatementFaults;
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-databricks-staging-'));
  readonly #sinks: DatabricksSink[] = [];

  private constructor(server: DatabricksServer, faults: StatementFaults) {
    this.server = server;
    this.faults = faults;
  }

  static async start(options: DatabricksServerOptions = {}): Promise<DatabricksWarehouse> {
    const faults = new StatementFaults();
    return new DatabricksWarehouse(await DatabricksServer.start({...options, faults}), faults);
  }

  options(rest: Partial<DatabricksOptions> = {}): DatabricksOptions {
    const {token, clientId: _id, clientSecret: _secret, ...address} = this.server.address;
    return {
      ...address,
      login: {kind: 'token', token},
      requestTimeoutMs: 30_000,
      stagingDirectory: join(this.#directory, String(this.#sinks.length)),
      ...rest,
    };
  }

  connect(rest: Partial<DatabricksOptions> = {}, clock: Clock = systemClock): DatabricksSink {
    const sink = new DatabricksSink(this.options(rest), {clock, logger: silentLogger});
    this.#sinks.push(sink);
    return sink;
  }

  /** Rows of a table in offset order: small int64s as numbers, others as text. */
  async rows(table: string, order = '_offset'): Promise<readonly Record<string, unknown>[]> {
    const rows = await this.server.query(`SELECT * FROM "${table}" ORDER BY ${order}`);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(([name]) => name !== '_key')
          .map(([name, value]) => [
            name,
            numbers.has(name) && value !== null ? Number(value) : value,
          ]),
      ),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close()));
    await this.server.close();
    rmSync(this.#directory, {recursive: true, force: true});
  }
}

const numbers: ReadonlySet<string> = new Set(['_offset', 'count', 'number']);
