import {mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {makeDirectory} from '../../src/common/make-directory.ts';

describe('makeDirectory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-directory-'));
  });
  afterEach(() => rmSync(directory, {recursive: true}));

  test('makes what is missing, once', async () => {
    const path = join(directory, 'a', 'b', 'c');

    await makeDirectory(path);
    await makeDirectory(path);

    expect(statSync(path).isDirectory()).toBe(true);
  });

  test('refuses a path through a file, and one that is a file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');

    await expect(makeDirectory(file)).rejects.toThrow('EEXIST');
    await expect(makeDirectory(join(file, 'a', 'b'))).rejects.toThrow('ENOTDIR');
  });

  test.runIf(process.platform === 'linux')('ends where nothing can be made', async () => {
    await expect(makeDirectory('/proc/millrace/data')).rejects.toThrow('ENOENT');
  });
});
