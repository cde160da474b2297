import {eventNeeds} from '../../cdc/check/event-needs.ts';
import type {EventNeeds} from '../../cdc/check/event-needs.ts';
import {checkSource} from '../../cdc/postgres/check/check-source.ts';
import {ok} from '../../common/check-result.ts';
import type {Clock} from '../../common/clock.ts';
import type {Config} from '../../config/config.ts';
import type {SinkConfig} from '../../config/sink-config.ts';
import type {SourceConfig} from '../../config/source-config.ts';
import {lookAtSink} from '../../sinks/look-at-sink.ts';
import type {SinkCheck} from '../../sinks/sink-check.ts';
import {topologySubjects} from '../../streams/runtime/topology-needs.ts';
import type {Topology} from '../../streams/topology/topology.ts';
import {connectorOptions, postgresSourceOptions} from '../cdc-connector.ts';
import {kafkajsOptions} from '../open-kafka.ts';
import {registryOptions, schemasTopic} from '../schema-registry.ts';
import {sinkTopics} from '../sink-topics.ts';
import {checkDataDirectory} from './check-data-directory.ts';
import type {ComponentCheck} from './component-results.ts';
import {kafkaNeeds, principalOf} from './kafka-needs.ts';
import {storedPositions} from './stored-positions.ts';

export interface WholeCheckDeps {
  readonly topology: Topology;
  readonly openCheck: (sink: SinkConfig) => SinkCheck;
  readonly clock: Clock;
}

/** The checks of every part of the service that the configuration describes; none of them changes anything. */
export function wholeCheck(config: Config, deps: WholeCheckDeps): readonly ComponentCheck[] {
  const {sinks, sources = []} = config;
  const positions = storedPositions(config, deps.clock);
  const captures = sources.map((source) => sourceCheck(source, config, positions));
  const events = Promise.all(captures.map(({needs}) => needs));
  return [
    {
      component: 'data.dir',
      run: (report) => checkDataDirectory(config.dataDirectory, report),
    },
    ...(config.sources === undefined
      ? [told('sources', 'none configured', 'the demo brings its Postgres along')]
      : captures.map(({check}) => check)),
    kafkaCheck(config, events, deps),
    registryCheck(config, events, deps),
    ...sinks.map((sink) => sinkCheck(sink, deps)),
  ];
}

interface SourceCheck {
  readonly check: ComponentCheck;
  /** What its events need of Kafka and of the registry; nothing where its tables could not be read. Never rejects. */
  readonly needs: Promise<EventNeeds>;
}

const nothing: EventNeeds = {topics: [], subjects: [], results: []};

function sourceCheck(
  source: SourceConfig,
  config: Config,
  positions: ReturnType<typeof storedPositions>,
): SourceCheck {
  const {name} = source;
  let known: ((needs: EventNeeds) => void) | undefined;
  const needs = new Promise<EventNeeds>((resolve) => {
    known = resolve;
  });
  const run: ComponentCheck['run'] = async (report) => {
    try {
      const relations = await checkSource(
        postgresSourceOptions(source),
        async () => (await positions)?.get(name),
        report,
      );
      if (relations === undefined) return;
      const found = eventNeeds(relations, connectorOptions(source, config));
      for (const result of found.results) report(result);
      known?.(found);
    } finally {
      known?.(nothing);
    }
  };
  return {check: {component: `source ${name}`, run}, needs};
}

function kafkaCheck(
  config: Config,
  events: Promise<readonly EventNeeds[]>,
  {topology, clock}: WholeCheckDeps,
): ComponentCheck {
  const component = 'kafka';
  const {kafka} = config;
  if (kafka === undefined) return told(component, 'embedded log', 'in data.dir');
  const run: ComponentCheck['run'] = async (report) => {
    const {checkCluster} = await import('../../kafka/kafkajs/check/check-cluster.ts');
    const options = await kafkajsOptions(kafka);
    await checkCluster(
      {...options, principal: principalOf(kafka.sasl, kafka.tls?.certificate), clock},
      async () => kafkaNeeds(config, topology, await events),
      report,
    );
  };
  return {component, run};
}

function registryCheck(
  config: Config,
  events: Promise<readonly EventNeeds[]>,
  {topology, clock}: WholeCheckDeps,
): ComponentCheck {
  const component = 'schema registry';
  const {schemaRegistry, sources = []} = config;
  if (schemaRegistry === undefined)
    return told(component, 'embedded', `its schemas are in the topic ${schemasTopic(config)}`);
  const run: ComponentCheck['run'] = async (report) => {
    const {checkSubjects} = await import('../../serde/registry/check-subjects.ts');
    const options = await registryOptions(schemaRegistry, sources);
    await checkSubjects(
      {...options, clock},
      async () => [
        ...(await events).flatMap(({subjects}) => subjects),
        ...(await topologySubjects({...config, topology, deadLetterTopic: undefined})),
      ],
      report,
    );
  };
  return {component, run};
}

function sinkCheck(sink: SinkConfig, {openCheck}: WholeCheckDeps): ComponentCheck {
  return {
    component: `sink ${sink.name}`,
    run: (report) =>
      lookAtSink(openCheck(sink), {...sink, sink: sink.name, topics: sinkTopics(sink)}, report),
  };
}

function told(component: string, name: string, detail: string): ComponentCheck {
  return {component, run: async (report) => report(ok(name, detail))};
}
