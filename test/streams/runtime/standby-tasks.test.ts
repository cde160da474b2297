import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {RetriableError} from '../../../src/common/errors.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {KafkaClient, TopicPartition} from '../../../src/kafka/client.ts';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {until} from '../../support/until.ts';
import {clicks, countTopology, counted, counts} from './count-topology.ts';
import {StreamsHarness} from './streams-harness.ts';
import type {RunOptions, RunningApp} from './streams-harness.ts';

const PARTITIONS = 4;
const KEYS = 200;
const topology = countTopology();
const store = topology.stores[0]?.name ?? '';

interface Status {
  readonly tasks?: Readonly<Record<string, {readonly state: string}>>;
  readonly standbys?: Readonly<Record<string, {readonly offset?: number; readonly lag?: number}>>;
}

function statusOf({app}: RunningApp): Status {
  return app.status() as Status;
}

/** `topic-3` as topic and partition. */
function partitionOf(name: string): TopicPartition {
  const dash = name.lastIndexOf('-');
  return {topic: name.slice(0, dash), partition: Number(name.slice(dash + 1))};
}

/** A client whose fetches for standbys, which alone are bounded, fail with these errors first. */
function failingStandbys(client: KafkaClient, errors: Error[]): KafkaClient {
  return {
    admin: client.admin,
    transactionalProducer: (id) => client.transactionalProducer(id),
    groupMember: (options) => client.groupMember(options),
    close: () => client.close(),
    fetcher: (options) => {
      const fetcher = client.fetcher(options);
      if (options.maxPartitionBytes === undefined) return fetcher;
      return {
        assign: (partition, offset) => fetcher.assign(partition, offset),
        unassign: (partition) => fetcher.unassign(partition),
        pause: (partition) => fetcher.pause(partition),
        resume: (partition) => fetcher.resume(partition),
        position: (partition) => fetcher.position(partition),
        poll: async (maxWaitMs, signal) => {
          const error = errors.shift();
          if (error !== undefined) throw error;
          return fetcher.poll(maxWaitMs, signal);
        },
        close: () => fetcher.close(),
      };
    },
  };
}

describe('StandbyTasks', () => {
  let harness: StreamsHarness;
  let disks: ReadonlyMap<string, MemoryStoreProvider>;
  beforeEach(async () => {
    harness = await StreamsHarness.open();
    disks = new Map(['a', 'b', 'c'].map((id) => [id, new MemoryStoreProvider()]));
  });
  afterEach(() => harness.close());

  function start(id: string, numStandbyReplicas = 1, more: RunOptions = {}): RunningApp {
    const stores = disks.get(id) as MemoryStoreProvider;
    return harness.run(topology, {stores, options: {instanceId: id, numStandbyReplicas}, ...more});
  }

  /** Waits until an app runs this many tasks, and keeps this many changelogs warm, to the very end. */
  async function settled(running: RunningApp, tasks: number, standbys: number): Promise<void> {
    await until(`an app has ${tasks} tasks and ${standbys} standbys`, async () => {
      const status = statusOf(running);
      const states = Object.values(status.tasks ?? {}).map(({state}) => state);
      if (states.length !== tasks || states.some((state) => state !== 'running')) return false;
      const kept = Object.keys(status.standbys ?? {});
      return kept.length === standbys && (standbys === 0 || (await hasCaughtUp(running)));
    });
  }

  /** Whether an app has standbys, all of them at the ends of their changelogs. */
  async function hasCaughtUp(running: RunningApp): Promise<boolean> {
    const kept = Object.entries(statusOf(running).standbys ?? {});
    const logs = await harness.kafka.admin.offsets(kept.map(([name]) => partitionOf(name)));
    return kept.length > 0 && kept.every(([, {offset = 0}], i) => offset === logs[i]?.latest);
  }

  async function click(): Promise<void> {
    const keys = Array.from({length: KEYS}, (_, i) => `key ${i}`);
    await harness.produce(
      clicks,
      keys.map((key) => ({key, value: {count: 0}})),
    );
    await harness.caughtUp(clicks);
  }

  const restored = (): number =>
    harness.metrics.counter('millrace_restored_records_total', {store});

  /** How often each count was written; once per key where nothing is lost or doubled. */
  async function countsOf(): Promise<ReadonlyMap<number | undefined, number>> {
    const rows = await harness.read(counted);
    const found = new Map<number | undefined, number>();
    for (const [, value] of rows) found.set(value?.count, (found.get(value?.count) ?? 0) + 1);
    return found;
  }

  test.each([
    {numStandbyReplicas: 1, standbys: 2, expected: 0},
    // What the one that takes over had never seen: about half of the keys.
    {numStandbyReplicas: 0, standbys: 0, expected: expect.toSatisfy((n: number) => n > KEYS / 4)},
  ])(
    'takes over without a restore: $numStandbyReplicas replicas',
    async ({numStandbyReplicas, standbys, expected}) => {
      await harness.createTopics(['clicks'], PARTITIONS);
      const [a, b] = [start('a', numStandbyReplicas), start('b', numStandbyReplicas)];
      await settled(a, 2, standbys);
      await settled(b, 2, standbys);
      await click();
      await settled(b, 2, standbys);
      const before = restored();

      await a.stop();
      await settled(b, 4, 0);

      expect(restored() - before).toEqual(expected);
      await click();
      expect(await countsOf()).toEqual(
        new Map([
          [1, KEYS],
          [2, KEYS],
        ]),
      );
    },
  );

  test('opens no store again that it has open, its own tasks and those it takes over', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const [a, b] = [start('a'), start('b')];
    await settled(a, 2, 2);
    await settled(b, 2, 2);
    const opens = vi.spyOn(disks.get('b') as MemoryStoreProvider, 'open');

    await a.stop();
    await settled(b, PARTITIONS, 0);

    expect(opens).not.toHaveBeenCalled();
  });

  test('closes the stores of tasks that have gone to another', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const a = start('a', 0);
    await settled(a, PARTITIONS, 0);
    const closed = new Set<string>();
    const disk = disks.get('a') as MemoryStoreProvider;

    const b = start('b', 0);
    await settled(b, 2, 0);

    await until('two stores are closed', async () => {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const id = `0_${partition}`;
        if (closed.has(id)) continue;
        await disk.open(id, store).then(
          () => closed.add(id),
          () => undefined,
        );
      }
      return closed.size === 2;
    });
    expect(Object.keys(statusOf(a).tasks ?? {}).filter((id) => closed.has(id))).toEqual([]);
  });

  test('goes where the warm state is, of several that could take over', async () => {
    await harness.createTopics(['clicks'], 3);
    const fleet = ['a', 'b', 'c'].map((id) => start(id));
    const [a, ...others] = fleet as [RunningApp, RunningApp, RunningApp];
    for (const app of fleet) await settled(app, 1, 1);
    await click();
    for (const app of fleet) await settled(app, 1, 1);
    const before = restored();

    await a.stop();
    await until('one of the others runs two tasks', () => {
      const tasks = others.map((app) => Object.values(statusOf(app).tasks ?? {}));
      return tasks.flat().length === 3 && tasks.flat().every(({state}) => state === 'running');
    });

    expect(restored() - before).toBe(0);
    await click();
    expect(await countsOf()).toEqual(
      new Map([
        [1, KEYS],
        [2, KEYS],
      ]),
    );
  });

  test('goes on where it stood after a restart of its process', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const [a, b] = [start('a'), start('b')];
    await settled(a, 2, 2);
    await settled(b, 2, 2);
    await click();
    await settled(a, 2, 2);
    await settled(b, 2, 2);
    await b.stop();
    const applied = harness.metrics.counter('millrace_standby_records_total', {store});

    const again = start('b');
    await settled(again, 2, 2);
    await settled(a, 2, 2);

    expect(applied).toBe(KEYS);
    expect(harness.metrics.counter('millrace_standby_records_total', {store})).toBe(KEYS);
    expect(restored()).toBe(0);
  });

  test('takes over nothing that was aborted', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const [a, b] = [start('a'), start('b')];
    await settled(a, 2, 2);
    await settled(b, 2, 2);
    await click();
    const zombie = harness.kafka.transactionalProducer('zombie');
    await zombie.init();
    zombie.begin();
    await zombie.send(
      Object.keys(statusOf(b).standbys ?? {}).map((name) => ({
        ...partitionOf(name),
        records: Array.from({length: KEYS}, (_, i) =>
          harness.record(counts, {key: `key ${i}`, value: {count: 99}}),
        ),
      })),
    );
    await zombie.abort();
    await settled(b, 2, 2);

    await a.stop();
    await settled(b, 4, 0);
    await click();

    expect(await countsOf()).toEqual(
      new Map([
        [1, KEYS],
        [2, KEYS],
      ]),
    );
  });

  test('reads in small slices, and lets active tasks have their turn after each', async () => {
    await harness.createTopics(['clicks'], 1);
    start('a');
    const keys = Array.from({length: 20_000}, (_, i) => `key ${i}`);
    await harness.produceBytes(
      'clicks',
      keys.map((key) => harness.record(clicks, {key, value: {count: 0}})),
    );
    await harness.caughtUp(clicks);
    const disk = disks.get('b') as MemoryStoreProvider;
    const slices: {readonly turn: number; readonly records: number}[] = [];
    let turn = 0;
    let isOver = false;
    const next = (): void => {
      turn++;
      if (!isOver) setImmediate(next);
    };
    next();

    const b = start('b', 1, {
      stores: {
        stored: () => disk.stored(),
        open: async (task, name) => {
          const opened = await disk.open(task, name);
          const apply = opened.apply.bind(opened);
          opened.apply = (writes, checkpoint) => {
            slices.push({turn, records: writes.length});
            return apply(writes, checkpoint);
          };
          return opened;
        },
      },
    });
    await until('the second instance has caught up with the first', () => hasCaughtUp(b));

    isOver = true;
    const read = slices.filter(({records}) => records > 0);
    expect(read.reduce((sum, {records}) => sum + records, 0)).toBe(keys.length);
    expect(Math.max(...read.map(({records}) => records))).toBeLessThanOrEqual(500);
    expect(new Set(read.map(({turn: at}) => at)).size).toBe(read.length);
  });

  test('leaves the active tasks alone when it cannot read, and tries again', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const errors = [1, 2].map(() => new RetriableError('KAFKA_UNREACHABLE', 'injected'));
    const warnings: string[] = [];
    const [a, b] = [
      start('a'),
      start('b', 1, {
        kafka: failingStandbys(harness.kafka, errors),
        logger: {...silentLogger, warn: (_fields, message) => warnings.push(message)},
      }),
    ];

    await settled(a, 2, 2);
    await settled(b, 2, 2);
    await click();
    await settled(b, 2, 2);

    expect(warnings).toEqual(['Cannot keep tasks warm', 'Cannot keep tasks warm']);
    expect(await countsOf()).toEqual(new Map([[1, KEYS]]));
  });

  test('fails with what no attempt can heal', async () => {
    await harness.createTopics(['clicks'], PARTITIONS);
    const kafka = failingStandbys(harness.kafka, [new Error('a bug')]);
    start('a');

    const {done} = start('b', 1, {kafka});

    await expect(done).rejects.toThrow('a bug');
  });
});
