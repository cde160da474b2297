import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {
  checkDataDirectory,
  directoryCheck,
  spaceCheck,
} from '../../../src/service/check/check-data-directory.ts';
import {LevelStoreProvider} from '../../../src/state/level/level-store-provider.ts';
import {resultOf, troubles} from '../../support/check-results.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-data-dir-'));
});
afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

async function check(directory: string): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  await checkDataDirectory(directory, (result) => results.push(result));
  return results;
}

const others = (results: readonly CheckResult[]): readonly string[] =>
  troubles(results).filter((line) => !line.includes('free space'));

describe('checkDataDirectory', () => {
  test('finds a directory that can be made, and makes none', async () => {
    const results = await check(join(root, 'a', 'b'));

    expect(others(results)).toEqual([]);
    expect(resultOf(results, 'directory')).toContain('still to be made');
    expect(resultOf(results, 'free space')).toMatch(/\d+ MB/);
    expect(readdirSync(root)).toEqual([]);
  });

  test('says so where a file is in the way', async () => {
    writeFileSync(join(root, 'file'), '');

    expect(others(await check(join(root, 'file')))).toEqual([
      `failed directory: ${join(root, 'file')} is no directory -> set another data.dir`,
    ]);
  });

  test('names a service that runs there, by its state and by its log', async () => {
    const stores = await LevelStoreProvider.open(join(root, 'state'), {logger: silentLogger});
    const withState = await check(root);
    await stores.close();
    const log = {directory: join(root, 'log'), clock: systemClock, logger: silentLogger};
    const kafka = await EmbeddedKafka.open(log);
    const withLog = await check(root);
    await kafka.close();

    for (const [results, folder] of [
      [withState, 'state'],
      [withLog, 'log'],
    ] as const)
      expect(others(results)).toEqual([
        expect.stringMatching(
          new RegExp(`^failed not in use: another process has .*/${folder}/.* open -> stop the`),
        ),
      ]);
    expect(others(await check(root))).toEqual([]);
  });

  test('makes nothing in a directory that is there', async () => {
    mkdirSync(join(root, 'state'));

    expect(others(await check(root))).toEqual([]);

    expect(readdirSync(root)).toEqual(['state']);
    expect(readdirSync(join(root, 'state'))).toEqual([]);
  });
});

describe('directoryCheck', () => {
  test('names what it may not write, and who has to be able to', () => {
    const nearest = {path: '/srv', isDirectory: true, isWritable: false};

    expect(troubles([directoryCheck('/srv/data', nearest, 1000)])).toEqual([
      'failed directory: /srv cannot be written by this user -> set another data.dir, or run as its owner -> chown 1000 /srv',
    ]);
  });
});

describe('spaceCheck', () => {
  test('warns below a gigabyte', () => {
    expect(spaceCheck(2 ** 30).outcome).toBe('ok');
    expect(spaceCheck(2 ** 30 - 1).outcome).toBe('warning');
  });
});
