import {FatalError, messageOf} from '../common/errors.ts';
import type {Config} from '../config/config.ts';
import type {LineageAnswer} from '../streams/runtime/queries/lineage-answer.ts';
import {lineageText} from './lineage-text.ts';

/** What `millrace why` was called with. */
export interface WhyCommand {
  readonly topic: string;
  readonly key: string;
  /** Of a running service; undefined for where the configuration says that it listens. */
  readonly url: string | undefined;
  readonly format: 'text' | 'json';
}

/** How long the service may take: it looks into topics and warehouses. */
const TIMEOUT_MS = 30_000;

/**
 * Asks a running service where a record comes from, with the `http.auth.token` of the configuration; returns what to print.
 *
 * @throws FatalError when the service cannot be reached, or does not know.
 */
export async function whyCommand(config: Config, command: WhyCommand): Promise<string> {
  const {topic, key, format} = command;
  const {token} = config.http;
  const base = command.url ?? addressOf(config.http);
  const path = `/api/lineage/${encodeURIComponent(topic)}/${encodeURIComponent(key)}`;
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(new URL(path, base), {
      headers: token === undefined ? {} : {authorization: `Bearer ${token}`},
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    body = await response.json();
  } catch (error) {
    throw new FatalError(
      'SERVICE_UNREACHABLE',
      `the service at ${base} does not answer (${messageOf(error instanceof Error ? (error.cause ?? error) : error)}); start it, or say with --url where it is`,
      {cause: error},
    );
  }
  if (!response.ok) {
    const {error} = body as {readonly error?: string};
    throw new FatalError(
      'LINEAGE_UNAVAILABLE',
      `${base}: ${error ?? `it answers ${response.status}`}${response.status === 401 ? ' Set it in the configuration that this command is called with.' : ''}`,
    );
  }
  return format === 'json'
    ? `${JSON.stringify(body, undefined, 2)}\n`
    : lineageText(body as LineageAnswer);
}

/** A service that listens on all addresses is reached on loopback. */
function addressOf({host, port}: Pick<Config['http'], 'host' | 'port'>): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
