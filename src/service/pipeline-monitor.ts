import type {Component} from '../common/component.ts';
import type {PromMetrics} from '../common/prom-metrics.ts';
import type {Config} from '../config/config.ts';
import {PipelineMonitor} from '../monitor/pipeline-monitor.ts';
import {packageVersion} from '../package-version.ts';
import type {StreamsApp} from '../streams/runtime/streams-app.ts';
import {topicName} from '../streams/runtime/topic-names.ts';
import type {Topology} from '../streams/topology/topology.ts';
import {isKafkaOut} from './kafka-outage.ts';
import {unreadyReasons} from './service-status.ts';
import type {SharedParts} from './shared-parts.ts';

interface MonitorParts {
  readonly config: Config;
  readonly topology: Topology;
  readonly components: readonly Component[];
  readonly streams: StreamsApp;
  readonly metrics: PromMetrics;
  readonly shared: SharedParts;
}

/** Watches the whole service, for the page. */
export function pipelineMonitor(parts: MonitorParts): PipelineMonitor {
  const {config, topology, components, streams, metrics, shared} = parts;
  const {kafka, clock, conditions} = shared;
  const {applicationId, sinks} = config;
  const names = new Map<string, string>();
  for (const node of topology.nodes) {
    if (node.kind !== 'operator') names.set(node.topic.name, topicName(applicationId, node.topic));
  }
  for (const {changelog} of topology.stores) {
    names.set(changelog.name, topicName(applicationId, changelog));
  }
  return new PipelineMonitor({
    applicationId,
    version: packageVersion(),
    startedAt: clock.now(),
    topology: topology.toJSON(),
    topicName: (topic) => names.get(topic) ?? topic,
    sinks,
    components,
    conditions,
    metrics,
    kafka,
    clock,
    isReady: () => unreadyReasons(components, conditions).length === 0,
    storeSizes: () => streams.storeSizes(),
    isKafkaOut: () => isKafkaOut(conditions),
  });
}
