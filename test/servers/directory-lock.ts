import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {isAlive} from '../support/is-alive.ts';
import {until} from '../support/until.ts';

/** How long one may wait for another's work: a download and two JVM starts on a busy machine. */
const TIMEOUT_MS = 600_000;

/**
 * Runs `work` while no other process holds the lock of this path. A lock whose holder is dead is taken over.
 *
 * Two that take over at the same instant may both hold it: `work` must be safe to be done twice; the lock only spares it.
 */
export async function withDirectoryLock(path: string, work: () => Promise<void>): Promise<void> {
  const owner = join(path, 'pid');
  mkdirSync(dirname(path), {recursive: true});
  await until(`${path} is free`, () => tryLock(path, owner), TIMEOUT_MS);
  try {
    await work();
  } finally {
    rmSync(path, {recursive: true, force: true});
  }
}

function tryLock(path: string, owner: string): boolean {
  try {
    // With its owner in it from the start, under a name of our own.
    const prepared = `${path}.${process.pid}`;
    rmSync(prepared, {recursive: true, force: true});
    mkdirSync(prepared);
    writeFileSync(join(prepared, 'pid'), String(process.pid));
    // Fails where the directory exists, for it is not empty.
    renameSync(prepared, path);
    return true;
  } catch (error) {
    rmSync(`${path}.${process.pid}`, {recursive: true, force: true});
    const {code} = error as {code?: string};
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    if (!isAlive(holder(owner))) rmSync(path, {recursive: true, force: true});
    return false;
  }
}

/** Our own id where the holder has just let go. */
function holder(owner: string): number {
  try {
    return Number(readFileSync(owner, 'utf8'));
  } catch {
    return process.pid;
  }
}
