import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ConsumedRecord} from '../../../src/kafka/client.ts';
import type {LogIndex} from '../../../src/kafka/embedded/log-index.ts';
import {LogReader} from '../../../src/kafka/embedded/log-reader.ts';
import type {PartitionLog} from '../../../src/kafka/embedded/partition-log.ts';
import {Gate} from '../../support/gate.ts';
import {CrashableLog, record} from './crashable-log.ts';

const partition = {topic: 'c', partition: 0};
const padding = '#'.repeat(1_000);

let directory: string;
let log: CrashableLog;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-cleaner-'));
  log = await CrashableLog.open(directory, {minDirtyBytes: 8_000, cacheBytes: 4_000});
  await log.client.admin.ensureTopics([{name: 'c', partitions: 1, cleanupPolicy: 'compact'}]);
});
afterEach(async () => {
  await log.close();
  await rm(directory, {recursive: true, force: true});
});

/** One transaction; with its marker it takes an offset more than it has records. */
function commit(...keys: readonly string[]): Promise<void> {
  return log.commit(
    'c',
    keys.map((key) => record(key, `${key} ${padding}`)),
  );
}

const places = (records: readonly ConsumedRecord[]): string[] =>
  records.map(({key, offset}) => `${offset} ${String(key)}`);

describe('LogCleaner', () => {
  test('leaves the newest record of each key at its offset, and the gaps between them', async () => {
    await commit('a', 'b', 'c', 'd');
    await commit('b', 'e', 'a', 'f');
    await commit('b', 'g', 'h', 'i');

    await log.maintain();

    const expected = ['2 c', '3 d', '6 e', '7 a', '8 f', '10 b', '11 g', '12 h', '13 i'];
    expect(places(await log.read('c'))).toEqual(expected);
    expect(places(await log.read('c', 0, 7))).toEqual(expected.slice(3));
    await log.crash();
    log = await CrashableLog.open(directory);
    expect(places(await log.read('c'))).toEqual(expected);
  });

  test('takes tombstones away once they are as old as they may become', async () => {
    await commit('a', 'b', 'c', 'd');
    await log.commit('c', [record('a', null), record('b', null)]);
    await commit('e', 'f', 'g', 'h', 'i');
    await log.maintain();
    const kept = places(await log.read('c'));

    log.clock.advance(25 * 60 * 60 * 1000);
    await commit('j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x');
    await log.maintain();

    expect(kept.slice(0, 5)).toEqual(['2 c', '3 d', '5 a', '6 b', '8 e']);
    expect(places(await log.read('c')).slice(0, 3)).toEqual(['2 c', '3 d', '8 e']);
  });

  // The second has read enough with the batch that memory holds, and goes on another time.
  test.each([1 << 20, 14_000])(
    'does not show a reader of %d bytes a record twice, or one from behind its end, whose batches it merges meanwhile',
    async (maxBytes) => {
      await commit('a', 'b', 'c', 'd');
      await commit('e', 'f', 'g');
      await log.maintain();
      const {index, files, topics} = log.store;
      const gate = new Gate();
      gate.shut();
      const slow = new LogReader(
        {
          batches: async (...wanted: Parameters<LogIndex['batches']>) => {
            await gate.pass();
            return index.batches(...wanted);
          },
        } as LogIndex,
        files,
      );
      const partitionLog = topics.find(partition) as PartitionLog;
      const limit = partitionLog.lastStableOffset;

      const reading = slow.read(partitionLog, {offset: 0, limit, maxBytes, headers: true});
      await commit('h', 'i', 'j', 'k', 'l');
      await log.maintain();
      gate.open();

      const {records, position} = await reading;
      expect(places(records)).toEqual(['0 a', '1 b', '2 c', '3 d', '5 e', '6 f', '7 g']);
      expect(position).toBe(limit);
      const key = {topicNumber: partitionLog.topic.number, partition: 0};
      expect(await index.batches(key, 0, limit, 1 << 20)).toHaveLength(1);
    },
  );
});
