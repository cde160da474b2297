import {randomUUID} from 'node:crypto';
import {readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

/** Who this instance is, to the other instances of the application. */
export interface InstanceId {
  readonly id: string;
  /**
   * It was named in the configuration (`group.instance.id`): its place is kept for it while it restarts. One that the
   * data directory has made up is only taken again after a crash.
   */
  readonly isConfigured: boolean;
}

const FILE = 'instance-id';

/**
 * The id that is configured, or else the one in the data directory, made up at the first start.
 *
 * A data directory has one process at a time, so that a process which comes back after a crash is known at once, without
 * waiting for the session of the dead one to time out.
 */
export async function instanceId(
  configured: string | undefined,
  dataDirectory: string,
): Promise<InstanceId> {
  if (configured !== undefined) return {id: configured, isConfigured: true};
  const path = join(dataDirectory, FILE);
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (known !== '') return {id: known.trim(), isConfigured: false};
  const id = randomUUID();
  await writeFile(`${path}.tmp`, `${id}\n`);
  await rename(`${path}.tmp`, path);
  return {id, isConfigured: false};
}
