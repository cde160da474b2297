import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {until} from '../../support/until.ts';
import {clicks, countTopology} from './count-topology.ts';
import {StreamsHarness} from './streams-harness.ts';
import type {RunningApp} from './streams-harness.ts';

const PARTITIONS = 4;
const topology = countTopology();

/** The tasks of an app once it processes `count` of them. */
async function tasksOf({app}: RunningApp, count: number): Promise<readonly string[]> {
  let tasks: readonly string[] = [];
  await until(`an app runs ${count} tasks`, () => {
    const status = app.status()['tasks'] as Record<string, {state: string}> | undefined;
    const all = Object.entries(status ?? {});
    tasks = all.flatMap(([id, {state}]) => (state === 'running' ? [id] : [])).toSorted();
    return tasks.length === count && all.length === count;
  });
  return tasks;
}

describe('StreamsApp with tasks that can be elsewhere', () => {
  let harness: StreamsHarness;
  let disks: ReadonlyMap<string, MemoryStoreProvider>;
  beforeEach(async () => {
    harness = await StreamsHarness.open();
    disks = new Map(['a', 'b', 'c'].map((id) => [id, new MemoryStoreProvider()]));
    await harness.createTopics(['clicks'], PARTITIONS);
  });
  afterEach(() => harness.close());

  function start(id: string): RunningApp {
    const stores = disks.get(id) as MemoryStoreProvider;
    return harness.run(topology, {stores, options: {instanceId: id}});
  }

  async function click(): Promise<void> {
    const keys = Array.from({length: 40}, (_, i) => `key ${i}`);
    await harness.produce(
      clicks,
      keys.map((key) => ({key, value: {count: 0}})),
    );
    await harness.caughtUp(clicks);
  }

  test('gives an instance that comes back the tasks whose state it has on disk', async () => {
    const [a, b] = [start('a'), start('b')];
    const ofA = await tasksOf(a, 2);
    await tasksOf(b, 2);
    await click();
    await a.stop();
    await tasksOf(b, 4);
    await click();

    const again = start('a');

    expect(await tasksOf(again, 2)).toEqual(ofA);
  });

  test('moves only what a new instance has to get', async () => {
    const [a, b] = [start('a'), start('b')];
    const before = [...(await tasksOf(a, 2)), ...(await tasksOf(b, 2))];
    await click();

    const c = start('c');

    const [moved = ''] = await tasksOf(c, 1);
    const [ofA, ofB] = [await stays(a, before.slice(0, 2)), await stays(b, before.slice(2))];
    expect([...ofA, ...ofB, moved].toSorted()).toEqual(before.toSorted());

    /** What an app has left of its tasks; fails on any other. */
    async function stays(app: RunningApp, had: readonly string[]): Promise<readonly string[]> {
      const tasks = had.includes(moved) ? await tasksOf(app, 1) : await tasksOf(app, 2);
      expect(had).toEqual(expect.arrayContaining([...tasks]));
      return tasks;
    }
  });
});
