import {existsSync, readFileSync, symlinkSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {FatalError, messageOf} from '../common/errors.ts';

/** Paths from the package's folder. */
interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes the links between the libraries of an installed Postgres package that are missing. npm packs no links, so the package makes them
 * by an install script, which many installations do not run (`ignore-scripts`, pnpm).
 *
 * @throws FatalError POSTGRES_START_FAILED when one cannot be made.
 */
export function makeLibraryLinks(packageDirectory: string): void {
  const list = join(packageDirectory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly LibraryLink[];
  for (const {source, target} of links) {
    const link = join(packageDirectory, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // Another process may have made it just now.
      if (existsSync(link)) continue;
      throw new FatalError(
        'POSTGRES_START_FAILED',
        `the embedded Postgres was installed without its install script, and ${link} cannot be made (${messageOf(error)}); run \`npm rebuild\` as the owner of that folder, or name your own servers under sources: in millrace.yaml`,
        {cause: error},
      );
    }
  }
}
