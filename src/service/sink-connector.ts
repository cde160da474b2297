import type {Component} from '../common/component.ts';
import type {Config} from '../config/config.ts';
import type {SinkConfig} from '../config/sink-config.ts';
import {SinkConnector} from '../sinks/sink-connector.ts';
import type {WarehouseSink} from '../sinks/warehouse-sink.ts';
import type {SharedParts} from './shared-parts.ts';
import {sinkTopics} from './sink-topics.ts';

/** The component that brings one configured sink's topics into its warehouse. */
export function sinkConnector(
  sink: SinkConfig,
  warehouse: WarehouseSink,
  config: Config,
  shared: SharedParts,
): Component {
  const {applicationId, numPartitions, replicationFactor} = config;
  return new SinkConnector({
    ...shared,
    sink: warehouse,
    options: {
      applicationId,
      membership: {
        instanceId: shared.instance.id,
        releasesPlace: !shared.instance.isConfigured,
      },
      name: sink.name,
      topics: sinkTopics(sink),
      tableNameFormat: sink.tableNameFormat,
      insertMode: sink.insertMode,
      deleteEnabled: sink.deleteEnabled,
      autoCreate: sink.autoCreate,
      autoEvolve: sink.autoEvolve,
      limits: sink,
      errorsTolerance: sink.errorsTolerance,
      deadLetterTopic: sink.deadLetterTopic,
      maxRetries: sink.maxRetries,
      retryBackoffMs: sink.retryBackoffMs,
      numPartitions,
      replicationFactor,
    },
  });
}
