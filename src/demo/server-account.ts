import {execFileSync} from 'node:child_process';
import {chownSync, existsSync, readFileSync} from 'node:fs';
import {FatalError} from '../common/errors.ts';

/** Whom the server runs as where we are root, since Postgres refuses to. */
export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const SETPRIV = '/usr/bin/setpriv';

/**
 * The account for Postgres; undefined when ours will do.
 *
 * @throws FatalError POSTGRES_START_FAILED when we are root and cannot be somebody else.
 */
export function serverAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(SETPRIV)) {
    for (const name of ['postgres', 'nobody']) {
      const [uid, gid] = ['-u', '-g'].map((flag) => idOf(name, flag));
      if (uid !== undefined && gid !== undefined) return {name, uid, gid};
    }
  }
  throw new FatalError(
    'POSTGRES_START_FAILED',
    'the embedded Postgres does not run as root, and giving the rights up takes setpriv (util-linux) and a user `postgres` or `nobody`; start millrace as another user, or name your own servers under sources: in millrace.yaml',
  );
}

/** Makes `path` the account's own. */
export function giveTo(account: ServerAccount | undefined, path: string): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

/**
 * `command` as the account runs it. On Linux with `dieWithUs` the system ends it by a fast shutdown (SIGINT) when this
 * process is gone, also after SIGKILL.
 */
export function commandAs(
  account: ServerAccount | undefined,
  command: readonly [string, ...string[]],
  {dieWithUs}: {readonly dieWithUs: boolean},
): readonly [string, ...string[]] {
  const hasSetpriv = process.platform === 'linux' && existsSync(SETPRIV);
  if (!hasSetpriv || (account === undefined && !dieWithUs)) return command;
  const rights =
    account === undefined
      ? []
      : [
          `--reuid=${account.uid}`,
          `--regid=${account.gid}`,
          '--clear-groups',
          ...searchRights(readFileSync('/proc/self/status', 'utf8')),
        ];
  return [SETPRIV, ...rights, ...(dieWithUs ? ['--pdeathsig=INT'] : []), '--', ...command];
}

/** Bits of a set of capabilities: linux/capability.h. */
const DAC_READ_SEARCH = 2n;
const SETPCAP = 8n;

/**
 * Arguments of setpriv that let the account into folders that it has no right to search: the package or the data directory may lie
 * under /root. None where we cannot give that right, as root in a container, by what `/proc/self/status` says of us.
 */
export function searchRights(status: string): readonly string[] {
  const [, digits = '0'] = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  const permitted = BigInt(`0x${digits}`);
  const may = (bit: bigint): boolean => ((permitted >> bit) & 1n) === 1n;
  if (!may(DAC_READ_SEARCH) || !may(SETPCAP)) return [];
  return [
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    // access(2), by which initdb looks for its server, counts no rights of other users but root without it.
    '--securebits=+no_setuid_fixup',
  ];
}

function idOf(name: string, flag: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, name], {encoding: 'utf8', stdio: 'pipe'}));
  } catch {
    // There is no such user on this machine.
    return undefined;
  }
}
