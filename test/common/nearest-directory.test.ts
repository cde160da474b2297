import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {nearestDirectory} from '../../src/common/nearest-directory.ts';

describe('nearestDirectory', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-nearest-'));
  });
  afterEach(() => rmSync(root, {recursive: true, force: true}));

  test('is the directory itself, or the nearest above it', async () => {
    const found = {path: root, isDirectory: true, isWritable: true};

    expect(await nearestDirectory(root)).toEqual(found);
    expect(await nearestDirectory(join(root, 'a', 'b'))).toEqual(found);
  });

  test('says so where a file is in the way', async () => {
    writeFileSync(join(root, 'file'), '');

    expect(await nearestDirectory(join(root, 'file'))).toMatchObject({isDirectory: false});
    expect(await nearestDirectory(join(root, 'file', 'a'))).toMatchObject({isDirectory: false});
  });
});
