import {readFile, readdir, rename, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

/** Names and sizes in bytes of the files that make up a LevelDB. */
export type FileSizes = Readonly<Record<string, number>>;

/** LevelDB rewrites these whenever it opens; they hold no rows. */
const withoutRows = new Set(['LOCK', 'LOG', 'LOG.old']);

/**
 * How a LevelDB's files differ from what a clean close left behind; undefined when they do not, or after an unclean
 * stop, which leaves nothing to compare them with.
 */
export function filesProblem(
  files: FileSizes,
  closedWith: FileSizes | undefined,
): string | undefined {
  if (closedWith === undefined) return undefined;
  for (const [name, size] of Object.entries(closedWith)) {
    const found = files[name];
    if (found === undefined) return `${name} is missing`;
    if (found !== size) return `${name} has ${found} bytes instead of ${size}`;
  }
  const extra = Object.keys(files).find((name) => closedWith[name] === undefined);
  return extra === undefined ? undefined : `${extra} was not there when it was closed`;
}

/** Nothing where the directory does not exist. */
export async function fileSizes(directory: string): Promise<FileSizes> {
  const names = await readdir(directory).catch(orMissing(() => []));
  const sizes: Record<string, number> = {};
  for (const name of names) {
    if (!withoutRows.has(name)) sizes[name] = (await stat(join(directory, name))).size;
  }
  return sizes;
}

/** Leaves beside a closed LevelDB what {@link takeFileList} finds at the next open. */
export async function writeFileList(directory: string): Promise<void> {
  const list = listPath(directory);
  await writeFile(`${list}.new`, JSON.stringify(await fileSizes(directory)));
  await rename(`${list}.new`, list);
}

/** Reads the list of the last clean close, and removes it: from now on the files may change. */
export async function takeFileList(directory: string): Promise<FileSizes | undefined> {
  const text = await readFile(listPath(directory), 'utf8').catch(orMissing(() => undefined));
  await rm(listPath(directory), {force: true});
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as FileSizes;
  } catch {
    return {};
  }
}

function listPath(directory: string): string {
  return `${directory}.files.json`;
}

function orMissing<T>(missing: () => T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return missing();
    throw error;
  };
}
