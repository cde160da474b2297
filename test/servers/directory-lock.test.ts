import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {withDirectoryLock} from './directory-lock.ts';

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  lock = join(folder, 'servers.lock');
});

afterEach(() => {
  rmSync(folder, {recursive: true});
});

describe('withDirectoryLock', () => {
  test('runs one after the other', async () => {
    const steps: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 30));
      steps.push(`${name} ends`);
    };

    await Promise.all(['a', 'b', 'c'].map((name) => withDirectoryLock(lock, work(name))));

    expect(steps).toHaveLength(6);
    for (let index = 0; index < steps.length; index += 2) {
      expect(steps[index + 1]).toBe(steps[index]?.replace('begins', 'ends'));
    }
    expect(existsSync(lock)).toBe(false);
  });

  test('lets go when the work fails', async () => {
    const failing = withDirectoryLock(lock, () => Promise.reject(new Error('no network')));

    await expect(failing).rejects.toThrow('no network');
    expect(existsSync(lock)).toBe(false);
  });

  test('takes over from a process that is gone', async () => {
    const {pid} = spawnSync('true');
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(pid));
    let hasRun = false;

    await withDirectoryLock(lock, async () => {
      hasRun = true;
    });

    expect(hasRun).toBe(true);
  });
});
