import {beforeEach, describe, expect, test} from 'vitest';
import {MemoryStoreProvider} from '../../../src/state/memory-store.ts';
import {TaskStores} from '../../../src/streams/runtime/task-stores.ts';
import {countTopology} from './count-topology.ts';

const {stores: specs} = countTopology();
const store = specs[0]?.name ?? '';

describe('TaskStores', () => {
  let provider: MemoryStoreProvider;
  let stores: TaskStores;
  beforeEach(async () => {
    provider = new MemoryStoreProvider();
    await leave('0_0', store, 7);
    await leave('0_1', store, 5, 'gone');
    await leave('0_2', 'unknown', 9);
    await leave('9_9', store, 9);
    stores = new TaskStores({
      provider,
      tasks: new Map(['0_0', '0_1', '0_2', '0_3'].map((task) => [task, specs])),
      topicId: () => 'now',
    });
  });

  /** What an earlier process has left. */
  async function leave(task: string, name: string, offset: number, topicId = 'now') {
    const opened = await provider.open(task, name);
    await opened.apply([], {topicId, offset});
    await opened.close();
  }

  test('tell where the stores of known tasks stand that were left on disk', async () => {
    await stores.survey();

    expect(stores.offsets()).toEqual(
      new Map([
        ['0_0', 7],
        // Its changelog is gone.
        ['0_1', 0],
      ]),
    );
  });

  test('tell where a store stood when it was closed', async () => {
    const opened = await stores.open('0_3', store);
    await opened.apply([], {topicId: 'now', offset: 42});
    await stores.close('0_3', opened);

    expect(stores.offsets()).toEqual(new Map([['0_3', 42]]));
    expect((await provider.open('0_3', store)).checkpoint?.offset).toBe(42);
  });

  test('hand out what the survey opened, once', async () => {
    await stores.survey();
    await stores.survey();

    const opened = await stores.open('0_0', store);

    expect(opened.checkpoint?.offset).toBe(7);
    await expect(stores.open('0_0', store)).rejects.toThrow('is open already');
  });

  test('close what the survey opened and nobody asked for', async () => {
    await stores.survey();
    const opened = await stores.open('0_0', store);

    await stores.releaseUnused();

    await expect(provider.open('0_0', store)).rejects.toThrow('is open already');
    expect((await provider.open('0_1', store)).checkpoint?.topicId).toBe('gone');
    await stores.close('0_0', opened);
  });

  test('hand out what was kept as it is, and tell where it stood', async () => {
    const opened = await stores.open('0_3', store);
    await opened.apply([], {topicId: 'now', offset: 42});

    stores.keep('0_3', opened);

    expect(stores.offsets()).toEqual(new Map([['0_3', 42]]));
    expect(await stores.open('0_3', store)).toBe(opened);
  });

  test('close what was kept and nobody asked for', async () => {
    const kept = await stores.open('0_3', store);
    await kept.apply([], {topicId: 'now', offset: 42});
    stores.keep('0_3', kept);

    await stores.releaseUnused();

    expect((await provider.open('0_3', store)).checkpoint?.offset).toBe(42);
  });
});
