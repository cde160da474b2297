import {readFile} from 'node:fs/promises';
import type {ConnectionOptions} from 'node:tls';
import {FatalError, messageOf} from '../../../common/errors.ts';

/** libpq's modes, without those that may fall back to plain text. */
export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** The authorities to trust, in place of those that Node knows. */
  readonly ca?: string | undefined;
  /** What the client shows; with its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly keyPassword?: string | undefined;
}

/**
 * Node's options for a mode of libpq; false: no TLS. The files are read each time, so renewed ones are taken with the next
 * connection.
 *
 * @throws FatalError CONFIG_INVALID when a file cannot be read.
 */
export async function tlsOptions(
  mode: SslMode,
  files: TlsFiles = {},
): Promise<ConnectionOptions | false> {
  if (mode === 'disable') return false;
  const [ca, cert, key] = await Promise.all([
    readPem('database.sslrootcert', files.ca),
    readPem('database.sslcert', files.certificate),
    readPem('database.sslkey', files.key),
  ]);
  const options: ConnectionOptions = {
    ...(ca !== undefined && {ca}),
    ...(cert !== undefined && {cert}),
    ...(key !== undefined && {key}),
    ...(files.keyPassword !== undefined && {passphrase: files.keyPassword}),
  };
  // As in libpq, whoever names an authority wants it checked.
  if (mode === 'require' && ca === undefined) return {...options, rejectUnauthorized: false};
  if (mode === 'verify-full') return {...options, rejectUnauthorized: true};
  return {...options, rejectUnauthorized: true, checkServerIdentity: () => undefined};
}

async function readPem(key: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new FatalError('CONFIG_INVALID', `${key} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
