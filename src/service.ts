import {networkInterfaces} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from './common/clock.ts';
import type {Component} from './common/component.ts';
import {Conditions} from './common/conditions.ts';
import {FatalError, messageOf} from './common/errors.ts';
import {createLogger} from './common/logger.ts';
import {makeDirectory} from './common/make-directory.ts';
import {PromMetrics} from './common/prom-metrics.ts';
import {Secrets} from './common/secrets.ts';
import type {Config} from './config/config.ts';
import {startDemo} from './demo/demo.ts';
import {apiRoutes} from './http/api-routes.ts';
import {peerHealth} from './http/peer-health.ts';
import {peerStores} from './http/peer-stores.ts';
import {pageRoutes} from './http/page-routes.ts';
import {startHttp} from './http/start-http.ts';
import {topicTail} from './monitor/topic-tail.ts';
import {packageVersion} from './package-version.ts';
import {registrySerdes} from './serde/registry-serdes.ts';
import {applicationServer} from './service/application-server.ts';
import {cdcConnector} from './service/cdc-connector.ts';
import {Closing} from './service/closing.ts';
import {instanceId} from './service/instance-id.ts';
import {allRoles, checkRoles} from './service/roles.ts';
import type {Role} from './service/roles.ts';
import {openKafka} from './service/open-kafka.ts';
import {PeerWatch} from './service/peer-watch.ts';
import {pipelineMonitor} from './service/pipeline-monitor.ts';
import {openSchemaRegistry, schemasTopic} from './service/schema-registry.ts';
import {addServiceMetrics} from './service/service-metrics.ts';
import {serviceStatus, unreadyReasons, warningsOf} from './service/service-status.ts';
import type {ServiceStatus} from './service/service-status.ts';
import {sinkConnector} from './service/sink-connector.ts';
import {showWork} from './service/status/show-work.ts';
import {supervise} from './service/supervise.ts';
import {ProgressPrinter} from './service/terminal/progress-printer.ts';
import {warehouseOf} from './service/warehouse.ts';
import {demoWelcome} from './service/demo-welcome.ts';
import {warehouseRows} from './service/warehouse-rows.ts';
import {LevelStoreProvider} from './state/level/level-store-provider.ts';
import {LineageQueries} from './streams/runtime/queries/lineage-queries.ts';
import {StoreReader} from './streams/runtime/queries/store-reader.ts';
import {TableQueries} from './streams/runtime/queries/table-queries.ts';
import {StreamsApp} from './streams/runtime/streams-app.ts';
import {topicNames} from './streams/runtime/task-plan.ts';
import {ordersTopology} from './topology.ts';

/**
 * Builds the service from its configuration and runs it until `signal` aborts; with some of the roles only these parts.
 *
 * Rejects with the first failure of a component, once everything is closed.
 */
export async function runService(
  config: Config,
  signal: AbortSignal,
  roles: readonly Role[] = allRoles,
): Promise<void> {
  checkRoles(roles, config);
  await using closing = new Closing();
  const {dataDirectory, applicationId, numPartitions, replicationFactor} = config;
  await makeDataDirectory(dataDirectory);
  const clock = systemClock;
  const secrets = new Secrets(config.secrets);
  // On a terminal the lines of the log stand above the bars of what takes long.
  const printer = process.stderr.isTTY ? new ProgressPrinter(process.stderr) : undefined;
  const logger = createLogger(config.logLevel, secrets, printer);
  const metrics = new PromMetrics();
  const conditions = new Conditions({metrics, secrets, logger});
  const topology = ordersTopology(config);

  // Its lock keeps a second instance away from everything else in the data directory.
  const stores = await LevelStoreProvider.open(join(dataDirectory, 'state'), {logger});
  closing.defer(() => stores.close());
  const instance = await instanceId(config.kafka?.groupInstanceId, dataDirectory);
  const kafka = await openKafka(config, {clock, logger, conditions});
  closing.defer(() => kafka.close());
  const demo =
    config.sources === undefined && roles.includes('cdc')
      ? await startDemo(dataDirectory, {clock, logger})
      : undefined;
  if (demo !== undefined) closing.defer(() => demo.stop());
  const sources = config.sources ?? demo?.sources ?? [];
  secrets.add(sources.map(({database}) => database.password));
  const registryDeps = {
    kafka,
    topic: schemasTopic(config),
    replicationFactor,
    clock,
    logger,
    signal,
  };
  const registry = await openSchemaRegistry(config.schemaRegistry, sources, registryDeps);
  const serdes = registrySerdes(registry, clock);

  const hasStreams = roles.includes('streams');
  let server: string | undefined;
  const shared = {instance, kafka, registry, serdes, clock, logger, metrics, conditions};
  const streams = new StreamsApp({
    ...shared,
    applicationId,
    topology,
    stores,
    options: {
      commitIntervalMs: config.commitIntervalMs,
      numPartitions,
      numStandbyReplicas: config.numStandbyReplicas,
      replicationFactor,
      instanceId: instance.id,
      groupInstanceId: instance.id,
      releasesPlace: !instance.isConfigured,
      sessionTimeoutMs: config.kafka?.sessionTimeoutMs,
      server: () => server,
      keepsLineage: config.keepsLineage,
      errorsTolerance: config.errorsTolerance,
      deadLetterTopic: config.errorsTolerance === 'all' ? config.deadLetterTopic : undefined,
    },
  });
  const sinks = await Promise.all(
    config.sinks.map(async (sink) => ({sink, warehouse: await warehouseOf(sink, shared)})),
  );
  const components: readonly Component[] = [
    ...(roles.includes('cdc') ? sources.map((source) => cdcConnector(source, config, shared)) : []),
    ...(hasStreams ? [streams] : []),
    ...(roles.includes('sinks')
      ? sinks.map(({sink, warehouse}) => sinkConnector(sink, warehouse, config, shared))
      : []),
    ...(demo?.components ?? []),
  ];
  if (printer !== undefined) {
    const stopShowing = showWork(printer, components, clock);
    closing.defer(async () => stopShowing());
  }
  const watched = [
    ...new Set([...topicNames(topology, applicationId), ...sinks.flatMap(({sink}) => sink.topics)]),
  ];
  addServiceMetrics(metrics, {
    applicationId,
    components,
    isReady: () => unreadyReasons(components, conditions).length === 0,
    storeSizes: () => streams.storeSizes(),
    clock,
  });
  const monitor = pipelineMonitor({config, topology, components, streams, metrics, shared});
  monitor.start();
  closing.defer(async () => monitor.stop());
  const status = async () =>
    secrets.redactAll(
      await serviceStatus(components, watched, {conditions, admin: kafka.admin, clock}),
    ) as ServiceStatus;
  const peers = peerStores(config.http.token);
  const reader = new StoreReader({view: () => streams.view(), hasStreams, peers});
  const http = await startHttp({
    ...config.http,
    version: packageVersion(),
    secrets,
    routes: [
      ...apiRoutes({
        reasons: () => unreadyReasons(components, conditions),
        warnings: () => warningsOf(conditions),
        status,
        metrics: () => metrics.text(),
        topology,
        tableQueries: new TableQueries(reader),
        reader,
        lineageQueries: new LineageQueries({
          reader,
          warehouse: warehouseRows(roles.includes('sinks') ? sinks : []),
        }),
        monitor,
        topics: () => new Set(monitor.graph.nodes.flatMap(({topic}) => topic ?? [])),
        tail: (name, limit) => topicTail(name, limit, {kafka, clock}),
      }),
      await pageRoutes(fileURLToPath(new URL('../dist/page', import.meta.url))),
    ],
  });
  closing.defer(() => http.close());
  server = applicationServer(config.applicationServer, http.url, networkInterfaces());
  logger.info({url: http.url}, 'Listening');
  const welcome =
    demo === undefined ? [] : [demoWelcome(http.url, config, demo.server, sinks, clock)];
  const peerWatch = new PeerWatch({
    instances: () => streams.instances(),
    own: () => server,
    ask: peerHealth,
    clock,
    logger,
    conditions,
  });
  await supervise([...components, peerWatch, ...welcome], signal, logger);
}

async function makeDataDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
  } catch (error) {
    throw new FatalError(
      'DATA_DIR_UNUSABLE',
      `data.dir ${directory} cannot be made (${messageOf(error)}); check its owner, or set another data.dir`,
      {cause: error},
    );
  }
}
