import {CdcConnector} from '../cdc/connector.ts';
import type {ConnectorOptions} from '../cdc/connector-options.ts';
import {PostgresSource} from '../cdc/postgres/postgres-source.ts';
import type {PostgresSourceOptions} from '../cdc/postgres/postgres-source-options.ts';
import type {Component} from '../common/component.ts';
import type {Config} from '../config/config.ts';
import type {SourceConfig} from '../config/source-config.ts';
import type {SharedParts} from './shared-parts.ts';

/** The component that captures one configured source. */
export function cdcConnector(
  source: SourceConfig,
  config: Pick<Config, 'applicationId' | 'numPartitions' | 'replicationFactor'>,
  shared: SharedParts,
): Component {
  return new CdcConnector({
    ...shared,
    applicationId: config.applicationId,
    source: new PostgresSource(postgresSourceOptions(source), shared),
    options: connectorOptions(source, config),
  });
}

/** What a configured source means for the side of Postgres. */
export function postgresSourceOptions(source: SourceConfig): PostgresSourceOptions {
  const {name, database, slotName, publicationName, capture} = source;
  const {mode: snapshotMode = 'initial', ...snapshot} = source.snapshot ?? {};
  return {
    name,
    ...database,
    slotName,
    slot: source.slot,
    errorsMaxRetries: source.errorsMaxRetries,
    heartbeat: source.heartbeat,
    publicationName,
    ...capture,
    snapshotMode,
    snapshot,
  };
}

/** And for its events. */
export function connectorOptions(
  source: SourceConfig,
  {numPartitions, replicationFactor}: Pick<Config, 'numPartitions' | 'replicationFactor'>,
): ConnectorOptions {
  return {
    ...source,
    dbname: source.database.dbname,
    numPartitions,
    replicationFactor,
    snapshotMode: source.snapshot?.mode ?? 'initial',
    signalTable: source.capture.signalTable,
    ...(source.snapshot && {
      incrementalChunkSize: source.snapshot.incrementalChunkSize,
      streamingDelayMs: source.snapshot.streamingDelayMs,
    }),
  };
}
