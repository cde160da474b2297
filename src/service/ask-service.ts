import {FatalError, causeMessageOf} from '../common/errors.ts';
import type {ErrorCode} from '../common/errors.ts';
import type {Config} from '../config/config.ts';

export interface Question {
  /** Of a running service; undefined for where the configuration says that it listens. */
  readonly url: string | undefined;
  /** With a slash before it. */
  readonly path: string;
  readonly timeoutMs: number;
  /** What it is called when the service answers that it does not know, or will not say. */
  readonly refusal: ErrorCode;
}

/**
 * Asks a running service, with the `http.auth.token` of the configuration; returns what its JSON says.
 *
 * @throws FatalError SERVICE_UNREACHABLE when there is no answer, `refusal` for one that is none of success.
 */
export async function askService(
  {http}: Pick<Config, 'http'>,
  {url, path, timeoutMs, refusal}: Question,
): Promise<unknown> {
  const {token} = http;
  const base = url ?? addressOf(http);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(path, base), {
      headers: token === undefined ? {} : {authorization: `Bearer ${token}`},
      signal: AbortSignal.timeout(timeoutMs),
    });
    body = await response.json();
  } catch (error) {
    throw new FatalError(
      'SERVICE_UNREACHABLE',
      `the service at ${base} does not answer (${causeMessageOf(error)}); start it, or say with --url where it is`,
      {cause: error},
    );
  }
  if (response.ok) return body;
  const {error} = body as {readonly error?: string};
  const hint =
    response.status === 401 ? ' Set it in the configuration that this command is called with.' : '';
  throw new FatalError(refusal, `${base}: ${error ?? `it answers ${response.status}`}${hint}`);
}

/** A service that listens on all addresses is reached on loopback. */
function addressOf({host, port}: Pick<Config['http'], 'host' | 'port'>): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
