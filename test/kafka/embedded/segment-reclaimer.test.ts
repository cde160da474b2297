import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {CrashableLog, record, texts} from './crashable-log.ts';

let directory: string;
let log: CrashableLog;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-reclaimer-'));
  log = await CrashableLog.open(directory, {segmentBytes: 50_000, cacheBytes: 0});
  await log.client.admin.ensureTopics(
    ['kept', 'gone'].map((name) => ({name, partitions: 1, cleanupPolicy: 'delete'})),
  );
});
afterEach(async () => {
  await log.close();
  await rm(directory, {recursive: true, force: true});
});

const segments = (): Promise<string[]> => readdir(join(directory, 'journal'));

describe('reclaimSegments', () => {
  test('moves the few batches that are in use, and deletes the segment that they stood in', async () => {
    await log.commit('kept', [record('a', 'one'), record('b', null)]);
    for (let i = 0; i < 4; i++) await log.commit('gone', [record('x', '#'.repeat(30_000))]);
    await log.commit('kept', [record('c', 'two')]);
    await log.maintain();
    const before = await segments();

    await log.client.admin.deleteRecords([{topic: 'gone', partition: 0, offset: 8}]);
    await log.maintain();

    const after = await segments();
    expect(before).toContain('0000000001.log');
    expect(after).not.toContain('0000000001.log');
    const expected = ['0 a=one', '1 b=null', '3 c=two'];
    expect(texts(await log.read('kept'))).toEqual(expected);
    await log.crash();
    log = await CrashableLog.open(directory);
    expect(texts(await log.read('kept'))).toEqual(expected);
  });
});
