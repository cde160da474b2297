import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import {dirname} from 'node:path';

/** What is at a path, or where it would be made. */
export interface NearestDirectory {
  /** The path, or of those above it the nearest that exists. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Whether this process may make entries in it. */
  readonly isWritable: boolean;
}

/** Changes nothing. */
export async function nearestDirectory(path: string): Promise<NearestDirectory> {
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || dirname(path) === path)
      return {path, isDirectory: code !== 'ENOTDIR', isWritable: false};
    return nearestDirectory(dirname(path));
  }
  return {path, isDirectory: found.isDirectory(), isWritable: await isWritable(path)};
}

async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
