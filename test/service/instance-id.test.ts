import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {instanceId} from '../../src/service/instance-id.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-instance-'));
});
afterEach(() => rmSync(directory, {recursive: true}));

describe('instanceId', () => {
  test('is the same at each start in one data directory', async () => {
    const first = await instanceId(undefined, directory);

    expect(await instanceId(undefined, directory)).toEqual(first);
    expect(first).toEqual({id: expect.stringMatching(/^[0-9a-f-]{36}$/), isConfigured: false});
  });

  test('is another one in another data directory', async () => {
    const other = mkdtempSync(join(tmpdir(), 'millrace-instance-'));
    const ids = [await instanceId(undefined, directory), await instanceId(undefined, other)];
    rmSync(other, {recursive: true});

    expect(ids[0]).not.toEqual(ids[1]);
  });

  test('is what the configuration says, where it says something', async () => {
    expect(await instanceId('one', directory)).toEqual({id: 'one', isConfigured: true});
  });

  test('fails where the directory cannot be written', async () => {
    await expect(instanceId(undefined, join(directory, 'absent'))).rejects.toThrow('ENOENT');
  });
});
