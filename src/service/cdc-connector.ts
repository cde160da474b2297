import {CdcConnector} from '../cdc/connector.ts';
import {PostgresSource} from '../cdc/postgres/postgres-source.ts';
import type {Component} from '../common/component.ts';
import type {Config} from '../config/config.ts';
import type {SourceConfig} from '../config/source-config.ts';
import type {SharedParts} from './shared-parts.ts';

/** The component that captures one configured source. */
export function cdcConnector(
  source: SourceConfig,
  {applicationId, numPartitions, replicationFactor}: Config,
  shared: SharedParts,
): Component {
  const {name, database, slotName, publicationName, capture} = source;
  const {mode: snapshotMode = 'initial', ...snapshot} = source.snapshot ?? {};
  return new CdcConnector({
    ...shared,
    applicationId,
    source: new PostgresSource(
      {
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
      },
      shared,
    ),
    options: {
      ...source,
      dbname: database.dbname,
      numPartitions,
      replicationFactor,
      snapshotMode,
      signalTable: capture.signalTable,
      ...(source.snapshot && {
        incrementalChunkSize: source.snapshot.incrementalChunkSize,
        streamingDelayMs: source.snapshot.streamingDelayMs,
      }),
    },
  });
}
