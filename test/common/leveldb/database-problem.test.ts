import {cp, mkdtemp, readFile, readdir, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Level} from 'level';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {databaseProblem} from '../../../src/common/leveldb/database-problem.ts';
import {tableProblem} from '../../../src/common/leveldb/table-problem.ts';

let root: string;
let directory: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-leveldb-'));
  directory = join(root, 'db');
});
afterEach(() => rm(root, {recursive: true, force: true}));

/** Opens, writes rows and closes, as often as there are rounds; each leaves a table for the next one. */
async function fill(rounds: number, rows = 100): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const db = new Level(directory);
    for (let i = 0; i < rows; i++) await db.put(`key ${i * round}`, `${'value'.repeat(9)} ${i}`);
    await db.close();
  }
}

async function named(pattern: RegExp): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => pattern.test(name));
  return names.map((name) => join(directory, name));
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[20] = (bytes[20] as number) ^ 1;
  await writeFile(path, bytes);
}

describe('databaseProblem', () => {
  test('finds nothing where there is nothing, or nothing but the beginning of a database', async () => {
    expect(await databaseProblem(directory)).toBeUndefined();
    await fill(1);
    await rm(join(directory, 'CURRENT'));
    for (const path of await named(/log$/)) await rm(path);

    expect(await databaseProblem(directory)).toBeUndefined();
  });

  test('finds nothing in a database that was closed any number of times', async () => {
    for (let round = 0; round < 8; round++) {
      await fill(1);

      expect(await databaseProblem(directory)).toBeUndefined();
    }
    expect(await named(/ldb$/)).not.toEqual([]);
  });

  const damages: Readonly<Record<string, [RegExp, (path: string) => Promise<void>, RegExp]>> = {
    'CURRENT is gone': [/^CURRENT/, (path) => rm(path), /^CURRENT is missing$/],
    'CURRENT is empty': [/^CURRENT/, (path) => truncate(path), /^CURRENT is damaged$/],
    'the manifest is gone': [/^MANIFEST/, (path) => rm(path), /^MANIFEST-\d+ is missing$/],
    'the manifest has another byte': [/^MANIFEST/, flip, /^MANIFEST-\d+ is damaged at byte 0$/],
    'the log is gone': [/log$/, (path) => rm(path), /^log \d+ is missing$/],
    'the log has another byte': [/log$/, flip, /^\d+\.log is damaged at byte 0$/],
    'a table is gone': [/ldb$/, (path) => rm(path), /^table \d+ is missing$/],
    'a table is short': [/ldb$/, (path) => truncate(path, 99), /^\d+\.ldb has 99 bytes instead of/],
    'a table has another byte': [/ldb$/, flip, /^\d+\.ldb is damaged at byte 0$/],
    'the log is there twice': [
      /log$/,
      (path) => cp(path, join(directory, '000999.log')),
      /^writes before 000999\.log are missing$/,
    ],
  };

  test.each(Object.entries(damages))('names it when %s', async (_, [pattern, damage, problem]) => {
    await fill(2);
    const [path] = await named(pattern);

    await damage(path as string);

    expect(await databaseProblem(directory)).toMatch(problem);
  });

  test('finds nothing in a log without its end', async () => {
    await fill(1);
    const [log] = await named(/log$/);
    const {length} = await readFile(log as string);

    for (let cut = 0; cut < length; cut += 101) {
      await truncate(log as string, length - cut);
      expect(await databaseProblem(directory)).toBeUndefined();
    }
  });
});

describe('tableProblem', () => {
  test('finds every byte that is wrong, wherever it stands, but for those that nobody reads', async () => {
    await fill(2, 900);
    const [path] = await named(/ldb$/);
    const bytes = await readFile(path as string);
    const used = bytes.indexOf(0, bytes.length - 48);
    expect(tableProblem(bytes)).toBeUndefined();
    // Several blocks, or their order would not matter.
    expect(bytes.length).toBeGreaterThan(5_000);

    const missed: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] as number) ^ 0x10;
      if (tableProblem(bytes) === undefined) missed.push(at);
      bytes[at] = (bytes[at] as number) ^ 0x10;
    }

    expect(missed.filter((at) => at < used || at >= bytes.length - 8)).toEqual([]);
  });

  test('finds every length that is wrong', async () => {
    await fill(2);
    const [path] = await named(/ldb$/);
    const bytes = await readFile(path as string);

    for (let length = 0; length < bytes.length; length += 7) {
      expect(tableProblem(bytes.subarray(0, length))).toEqual(expect.any(String));
    }
    expect(tableProblem(Buffer.concat([bytes.subarray(0, 50), bytes]))).toEqual(expect.any(String));
  });
});
