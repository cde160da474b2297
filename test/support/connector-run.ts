import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {CdcConnector} from '../../src/cdc/connector.ts';
import type {ConnectorOptions} from '../../src/cdc/connector-options.ts';
import type {ReplicationSource} from '../../src/cdc/replication-source.ts';
import {systemClock} from '../../src/common/clock.ts';
import type {Clock} from '../../src/common/clock.ts';
import {Conditions} from '../../src/common/conditions.ts';
import type {Logger} from '../../src/common/logger.ts';
import {silentLogger} from '../../src/common/logger.ts';
import type {Metrics} from '../../src/common/metrics.ts';
import {noMetrics} from './no-metrics.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import type {KafkaClient} from '../../src/kafka/client.ts';
import {EmbeddedRegistry} from '../../src/serde/registry/embedded-registry.ts';

/** An embedded log and registry in a folder of their own. */
export interface TestLog {
  readonly kafka: EmbeddedKafka;
  readonly registry: EmbeddedRegistry;
  close(): Promise<void>;
}

export async function openTestLog(clock: Clock = systemClock): Promise<TestLog> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-connector-'));
  const kafka = await EmbeddedKafka.open({directory, clock, logger: silentLogger});
  const registry = await EmbeddedRegistry.open({kafka, clock: systemClock});
  return {
    kafka,
    registry,
    close: async () => {
      await registry.close();
      await kafka.close();
      rmSync(directory, {recursive: true, force: true});
    },
  };
}

export interface ConnectorRunOptions {
  readonly options?: Partial<ConnectorOptions>;
  readonly kafka?: KafkaClient;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

/** A connector that runs until `stop`. */
export interface ConnectorRun {
  readonly connector: CdcConnector;
  readonly conditions: Conditions;
  /** Ends as `run` does. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export function runConnector(
  log: TestLog,
  source: ReplicationSource,
  {
    options,
    kafka = log.kafka,
    clock = systemClock,
    logger = silentLogger,
    metrics = noMetrics,
  }: ConnectorRunOptions = {},
): ConnectorRun {
  const conditions = new Conditions();
  const connector = new CdcConnector({
    applicationId: 'test',
    source,
    options: {
      name: source.name,
      slotName: 'camel',
      dbname: 'postgres',
      topicPrefix: 'postgres',
      afterStateOnly: false,
      keyFormat: 'JSON',
      valueFormat: 'JSON_SR',
      numPartitions: 1,
      replicationFactor: 1,
      snapshotMode: 'initial',
      ...options,
    },
    kafka,
    registry: log.registry,
    clock,
    logger,
    metrics,
    conditions,
  });
  const end = new AbortController();
  const ended = connector.run(end.signal);
  // Whoever awaits `ended` sees it; until then it is not unhandled.
  ended.catch(() => undefined);
  return {
    connector,
    conditions,
    ended,
    stop: async () => {
      end.abort();
      await ended;
    },
  };
}
