import {statfs} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {failed, ok, warning} from '../../common/check-result.ts';
import type {CheckResult} from '../../common/check-result.ts';
import {FatalError} from '../../common/errors.ts';
import {nearestDirectory} from '../../common/nearest-directory.ts';
import type {NearestDirectory} from '../../common/nearest-directory.ts';
import {assertNotInUse} from '../../kafka/embedded/log-database.ts';
import {STATE_LOCK} from '../../state/level/level-store-provider.ts';

/** Below this the stores may fill what is left soon. */
const scarceBytes = 1 << 30;

/** Whether the directory can be made, written and had alone. Makes nothing. */
export async function checkDataDirectory(
  directory: string,
  report: (result: CheckResult) => void,
): Promise<void> {
  const nearest = await nearestDirectory(directory);
  report(directoryCheck(directory, nearest, process.getuid?.()));
  if (!nearest.isDirectory) return;
  const {path} = nearest;
  const {bavail, bsize} = await statfs(path);
  report(spaceCheck(bavail * bsize));
  if (path === directory) report(await inUseCheck(directory));
}

/** `uid`: who has to be able to write there; undefined where the system has none. */
export function directoryCheck(
  directory: string,
  {path, isDirectory, isWritable}: NearestDirectory,
  uid: number | undefined,
): CheckResult {
  const name = 'directory';
  if (!isDirectory)
    return failed(name, `${path} is no directory`, {remedy: 'set another data.dir'});
  if (isWritable) return ok(name, path === directory ? path : `${directory}, still to be made`);
  return failed(name, `${path} cannot be written by this user`, {
    remedy: 'set another data.dir, or run as its owner',
    commands: [`chown ${uid ?? '<user>'} ${path}`],
  });
}

/** `bytes` that are free. */
export function spaceCheck(bytes: number): CheckResult {
  const name = 'free space';
  const found = `${Math.floor(bytes / (1 << 20))} MB`;
  return bytes < scarceBytes
    ? warning(name, found, {
        remedy: 'make room: state stores, and without `kafka:` the log, take what the data takes',
      })
    : ok(name, found);
}

/** By the locks of the state directory and of the embedded log, which go with the process that has them. */
async function inUseCheck(directory: string): Promise<CheckResult> {
  const name = 'not in use';
  for (const path of [join(directory, 'state', STATE_LOCK), join(directory, 'log', 'index')]) {
    if (!existsSync(path)) continue;
    try {
      await assertNotInUse(path);
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      return failed(name, `another process has ${path} open`, {
        remedy: 'stop the service that runs there, or give this one another data.dir',
      });
    }
  }
  return ok(name, '');
}
