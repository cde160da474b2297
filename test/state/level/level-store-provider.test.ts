import {mkdtemp, readdir, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {silentLogger} from '../../../src/common/logger.ts';
import {LevelStoreProvider} from '../../../src/state/level/level-store-provider.ts';
import {committedStoreSuite} from '../../suites/committed-store-suite.ts';
import {ChildProcess} from '../../support/child-process.ts';
import {compileScript} from '../../support/compiled-script.ts';

const locked = {name: 'FatalError', code: 'STATE_DIRECTORY_LOCKED'};
const checkpoint = {topicId: 'topic-1', offset: 7};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-state-'));
});
afterEach(() => rm(directory, {recursive: true, force: true}));

function open(): Promise<LevelStoreProvider> {
  return LevelStoreProvider.open(directory, {logger: silentLogger});
}

describe('LevelStoreProvider', () => {
  describe('as a StoreProvider', () => {
    committedStoreSuite(async () => {
      const provider = await open();
      return {provider, close: () => provider.close()};
    });
  });

  test('refuses a second opener of the directory until the first one lets go', async () => {
    const provider = await open();

    await expect(open()).rejects.toMatchObject({
      ...locked,
      message: expect.stringContaining(directory),
    });
    await provider.close();

    await (await open()).close();
  });

  test(
    'refuses a directory that another process has open, and takes it over when that one was killed',
    {timeout: 20_000},
    async () => {
      const script = await compileScript('state-directory-holder', join(directory, 'compiled'));
      const child = new ChildProcess(script, [directory]);
      await child.when('it has the directory open', ([line]) => line === 'open');

      await expect(open()).rejects.toMatchObject(locked);
      await child.kill();

      const provider = await open();
      const store = await provider.open('0_0', 'rows');
      expect(store.checkpoint).toEqual(checkpoint);
      expect(store.get(Buffer.from('a'))).toEqual(Buffer.from('1'));
      await store.close();
      await provider.close();
    },
  );

  test('takes a directory whose lock was damaged, and holds it', async () => {
    await (await open()).close();
    const lock = join(directory, '.lock');
    for (const name of await readdir(lock)) {
      if (name.startsWith('MANIFEST')) await truncate(join(lock, name), 20);
    }

    const provider = await open();

    await expect(open()).rejects.toMatchObject(locked);
    await provider.close();
  });

  test('names a directory that cannot be made', async () => {
    await writeFile(join(directory, 'file'), '');

    const opened = LevelStoreProvider.open(join(directory, 'file', 'state'), {
      logger: silentLogger,
    });

    await expect(opened).rejects.toMatchObject({code: 'DATA_DIR_UNUSABLE', name: 'FatalError'});
  });

  test('refuses a store that is open without looking into its files', async () => {
    const provider = await open();
    const store = await provider.open('0_0', 'rows');
    await store.apply([[Buffer.from('a'), Buffer.from('1')]], checkpoint);
    await rm(join(directory, '0_0', 'rows', 'CURRENT'));

    await expect(provider.open('0_0', 'rows')).rejects.toMatchObject(locked);

    expect(store.get(Buffer.from('a'))).toEqual(Buffer.from('1'));
    await store.close();
    await provider.close();
  });

  test('indexes a large store only once ranges of it are read', async () => {
    const provider = await open();
    const writes = Array.from(
      {length: 10_001},
      (_, i) => [Buffer.from(String(i).padStart(5, '0')), Buffer.from(`value ${i}`)] as const,
    );
    let store = await provider.open('0_0', 'rows');
    await store.apply(writes, checkpoint);

    expect(() => store.range(Buffer.from('1'))).toThrow(/for the first time/);
    await store.close();
    store = await provider.open('0_0', 'rows');

    expect([...store.range(Buffer.from('01230'))]).toHaveLength(1);
    await store.apply([], checkpoint);
    await store.close();
    await provider.close();

    const later = await open();
    store = await later.open('0_0', 'rows');
    expect([...store.range(Buffer.from('01230'))]).toHaveLength(1);
    await store.close();
    await later.close();
  });
});
