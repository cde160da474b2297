import {join} from 'node:path';
import {cdcTransactionalId, OffsetStore, offsetsTopic} from '../../cdc/offset-store.ts';
import {slotIsActive} from '../../cdc/postgres/slot/slot-is-active.ts';
import type {Clock} from '../../common/clock.ts';
import {Conditions} from '../../common/conditions.ts';
import {FatalError} from '../../common/errors.ts';
import {silentLogger} from '../../common/logger.ts';
import type {Config} from '../../config/config.ts';
import type {SourceConfig} from '../../config/source-config.ts';
import type {KafkaClient} from '../../kafka/client.ts';
import {sinkGroupId} from '../../sinks/sink-connector.ts';
import {LevelStoreProvider} from '../../state/level/level-store-provider.ts';
import {ordersTopology} from '../../topology.ts';
import {chosenSource} from '../chosen-source.ts';
import {Closing} from '../closing.ts';
import {openKafka} from '../open-kafka.ts';
import {planText} from './reset-plan.ts';
import type {ResetPlan} from './reset-plan.ts';
import {resetTopics} from './reset-topics.ts';
import type {ProgressPrinter} from '../terminal/progress-printer.ts';

/** What `millrace reset` was called with. */
export interface ResetCommand {
  /** Without it the plan is printed and nothing changes. */
  readonly execute: boolean;
  /** Also the topics that the topology writes for others. */
  readonly outputs: boolean;
  /** Keys under `sources:`: also where these stand. */
  readonly sources: readonly string[];
}

export interface ResetDeps {
  readonly clock: Clock;
  readonly printer: Pick<ProgressPrinter, 'write' | 'show'>;
}

/**
 * Takes the topology back to its beginning: committed offsets, the topics that it keeps state in or reads back, and the
 * stores of this instance. Other instances notice at their next start that the changelogs of their stores are others.
 *
 * Offsets go first: a start after an interrupted reset may do work twice, and misses nothing. Repeat the reset then.
 *
 * @throws FatalError STATE_DIRECTORY_LOCKED, KAFKA_GROUP_IN_USE or CDC_SLOT_IN_USE while instances are alive;
 *   CONFIG_INVALID for a source that there is not.
 */
export async function resetCommand(
  config: Config,
  command: ResetCommand,
  {clock, printer}: ResetDeps,
): Promise<void> {
  await using closing = new Closing();
  const sources = command.sources.map((name) => chosenSource(config, name));
  const stores = await LevelStoreProvider.open(join(config.dataDirectory, 'state'), {
    logger: silentLogger,
  });
  closing.defer(() => stores.close());
  const conditions = new Conditions();
  const kafka = await openKafka(config, {clock, logger: silentLogger, conditions});
  closing.defer(() => kafka.close());

  await refuseWhileAlive(config, kafka, sources);
  const plan = await resetPlan(config, command, kafka, stores);
  printer.write(planText(plan));
  if (!command.execute) {
    printer.write('Nothing was changed; with --execute it is.\n');
    return;
  }
  const steps: readonly (() => Promise<void>)[] = [
    () => kafka.admin.deleteGroup(plan.groupId),
    ...sources.map((source) => () => forgetOffset(config, source, kafka, clock)),
    ...plan.topics.map((topic) => () => kafka.admin.deleteTopics([topic])),
    ...plan.stores.map((stored) => () => stores.remove(stored)),
  ];
  for (const [done, step] of steps.entries()) {
    await step();
    printer.show([{label: 'reset', done: done + 1, total: steps.length, unit: 'steps'}]);
  }
  printer.show([]);
  printer.write('Done: the next start begins anew.\n');
}

async function refuseWhileAlive(
  {applicationId, sinks}: Config,
  kafka: KafkaClient,
  sources: readonly SourceConfig[],
): Promise<void> {
  const groups = [applicationId, ...sinks.map(({name}) => sinkGroupId(applicationId, name))];
  for (const groupId of groups) {
    const members = await kafka.admin.groupMembers(groupId);
    if (members.length === 0) continue;
    const who = members.map(
      ({memberId, instanceId, host}) =>
        `${instanceId ?? memberId}${host === undefined ? '' : ` at ${host}`}`,
    );
    throw new FatalError(
      'KAFKA_GROUP_IN_USE',
      `instances are alive, so nothing is reset: group ${groupId} has ${who.join(', ')}; stop them, or wait for the session timeout of those that were killed`,
    );
  }
  for (const {name, database, slotName, publicationName} of sources) {
    if (!(await slotIsActive({...database, name, slotName, publicationName}))) continue;
    throw new FatalError(
      'CDC_SLOT_IN_USE',
      `instances are alive, so nothing is reset: slot ${slotName} of source ${name} is being read; stop who reads it`,
    );
  }
}

async function resetPlan(
  config: Config,
  {outputs: withOutputs, sources}: ResetCommand,
  {admin}: KafkaClient,
  stores: LevelStoreProvider,
): Promise<ResetPlan> {
  const {applicationId, sinks} = config;
  const {internal, outputs} = resetTopics(ordersTopology(config), applicationId);
  const described = await admin.describeTopics([...internal, ...outputs]);
  const existing = new Set(described.map(({name}) => name));
  const topics = [...internal, ...(withOutputs ? outputs : [])].filter((name) =>
    existing.has(name),
  );
  const kept = withOutputs ? [] : outputs.filter((name) => existing.has(name));
  return {
    groupId: applicationId,
    topics,
    kept,
    stores: await stores.stored(),
    sources,
    sinks: sinks.map(({name, insertMode, topics: read}) => ({
      name,
      insertMode,
      deleted: topics.filter((topic) => read.includes(topic)),
      kept: kept.filter((topic) => read.includes(topic)),
    })),
  };
}

async function forgetOffset(
  {applicationId, replicationFactor}: Config,
  {slotName, database}: SourceConfig,
  kafka: KafkaClient,
  clock: Clock,
): Promise<void> {
  const topic = offsetsTopic(applicationId);
  const offsets = new OffsetStore(kafka, topic, slotName, database.dbname, clock);
  await offsets.ensureTopic(replicationFactor);
  const producer = kafka.transactionalProducer(cdcTransactionalId(applicationId, slotName));
  await producer.init();
  producer.begin();
  await producer.send([offsets.forget()]);
  await producer.commit();
}
