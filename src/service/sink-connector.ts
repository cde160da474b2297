import type {Component} from '../common/component.ts';
import type {Config, SinkConfig} from '../config/config.ts';
import {DuckDbSink} from '../sinks/duckdb/duckdb-sink.ts';
import {SinkConnector} from '../sinks/sink-connector.ts';
import type {SharedParts} from './shared-parts.ts';
import {sinkTopics} from './sink-topics.ts';

/** The component that brings one configured sink's topics into its warehouse. */
export function sinkConnector(
  sink: SinkConfig,
  {numPartitions, replicationFactor}: Config,
  shared: SharedParts,
): Component {
  return new SinkConnector({
    ...shared,
    sink: new DuckDbSink({database: sink.database}),
    options: {
      name: sink.name,
      topics: sinkTopics(sink),
      insertMode: sink.insertMode,
      limits: sink,
      numPartitions,
      replicationFactor,
    },
  });
}
