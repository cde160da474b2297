import type {Clock} from '../../common/clock.ts';
import type {SinkPartition, SinkSource, WarehouseSink} from '../warehouse-sink.ts';
import {preservedCase, upperCase} from './identifier.ts';
import {createOffsets, takeOver} from './sink-offsets.ts';
import {SnowflakeConnection} from './snowflake-connection.ts';
import {statementError} from './snowflake-error.ts';
import type {SnowflakeOptions} from './snowflake-options.ts';
import {SnowflakePartition} from './snowflake-partition.ts';
import {ensureTable} from './snowflake-table.ts';
import {abortDetached, transactionName} from './transactions.ts';

/** A schema of a Snowflake database as the warehouse. Each partition has a session of its own, in which it writes. */
export class SnowflakeSink implements WarehouseSink {
  readonly #options: SnowflakeOptions;
  readonly #clock: Clock;
  readonly #partitions = new Set<SnowflakePartition>();

  constructor(options: SnowflakeOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async open(source: SinkSource): Promise<SinkPartition> {
    const connect = (): Promise<SnowflakeConnection> =>
      SnowflakeConnection.open(this.#options, this.#clock);
    const connection = await connect();
    try {
      const transaction = transactionName(source);
      await abortDetached(connection, transaction);
      await createOffsets(connection);
      const identifier = this.#options.preserveCase ? preservedCase : upperCase;
      const columns = await ensureTable(connection, source, identifier);
      const watermark = await takeOver(connection, source, transaction);
      const opened = {columns, watermark, transaction};
      const partition = new SnowflakePartition(connection, source, this.#options, opened, {
        connect,
        onClosed: (closed) => this.#partitions.delete(closed),
      });
      this.#partitions.add(partition);
      return partition;
    } catch (error) {
      await connection.close();
      throw statementError(connection.where, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#partitions].map((partition) => partition.close()));
  }
}
