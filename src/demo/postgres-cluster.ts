import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {FatalError, messageOf} from '../common/errors.ts';
import type {PostgresBinaries} from './postgres-binaries.ts';
import {commandAs, giveTo} from './server-account.ts';
import type {ServerAccount} from './server-account.ts';

/** A database cluster on the disk, and how to log in. */
export interface PostgresCluster {
  readonly dataDirectory: string;
  readonly user: string;
  readonly password: string;
}

const USER = 'postgres';

/**
 * The cluster in `directory`, made at the first call. What a crash left half made is made anew.
 *
 * Only who knows the password in a file of mode 0600 can log in, though the server listens for everybody on the machine.
 *
 * @throws FatalError POSTGRES_START_FAILED
 */
export async function postgresCluster(
  directory: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
): Promise<PostgresCluster> {
  const dataDirectory = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  if (existsSync(dataDirectory)) {
    if (existsSync(passwordFile))
      return {dataDirectory, user: USER, password: readFileSync(passwordFile, 'utf8')};
    throw new FatalError(
      'POSTGRES_START_FAILED',
      `the embedded Postgres in ${directory} has lost its password file; put ${passwordFile} back, or remove data.dir to begin anew`,
    );
  }

  mkdirSync(directory, {recursive: true, mode: 0o700});
  giveTo(account, directory);
  const password = randomBytes(18).toString('base64url');
  writeFileSync(passwordFile, password, {mode: 0o600});
  giveTo(account, passwordFile);
  const unfinished = join(directory, 'data.unfinished');
  rmSync(unfinished, {recursive: true, force: true});
  const [command, ...args] = commandAs(
    account,
    [
      binaries.initdb,
      `--pgdata=${unfinished}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // The rename below is what makes it count.
      '--no-sync',
    ],
    {dieWithUs: false},
  );
  try {
    await promisify(execFile)(command, args, {cwd: '/'});
  } catch (error) {
    throw new FatalError(
      'POSTGRES_START_FAILED',
      `the embedded Postgres cannot be made in ${directory}: ${reasonOf(error)}; check the folder's owner and free space, or set another data.dir`,
      {cause: error},
    );
  }
  renameSync(unfinished, dataDirectory);
  return {dataDirectory, user: USER, password};
}

/** What initdb said last. */
function reasonOf(error: unknown): string {
  const {stderr} = error as {readonly stderr?: string};
  return stderr?.trim().split('\n').at(-1) ?? messageOf(error);
}
