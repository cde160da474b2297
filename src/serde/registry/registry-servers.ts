import type {Clock} from '../../common/clock.ts';
import {messageOf} from '../../common/errors.ts';
import {RegistryEndpoint} from './registry-endpoint.ts';
import type {
  RegistryAccess,
  RegistryAddress,
  RegistryAnswer,
  RegistryRequest,
} from './registry-endpoint.ts';
import {failureOf, unreachable} from './registry-errors.ts';

export interface RegistryServersOptions extends RegistryAccess {
  /** At least one; each can stand in for the others. */
  readonly servers: readonly RegistryAddress[];
  readonly clock: Clock;
  /** How long one server has for an answer, connecting included. */
  readonly timeoutMs: number;
  /** Fails what is under way once it aborts, and everything after. */
  readonly signal?: AbortSignal | undefined;
}

const tlsErrors = /^(DEPTH_|UNABLE_TO_|SELF_SIGNED|CERT_|ERR_TLS_|ERR_SSL_)/;

/**
 * The servers of one Schema Registry. Goes from one that fails to the next, and stays there, as Java's client does;
 * unlike it, also from one that answers 5xx, as a follower does so whose leader is away.
 */
export class RegistryServers {
  readonly #endpoints: readonly RegistryEndpoint[];
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  #current = 0;

  constructor({servers, clock, timeoutMs, signal, ...access}: RegistryServersOptions) {
    this.#endpoints = servers.map((server) => new RegistryEndpoint(server, access));
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /**
   * What the first server says that is able to.
   *
   * @throws RetriableError SCHEMA_REGISTRY_UNREACHABLE when none is
   */
  async ask(request: RegistryRequest): Promise<RegistryAnswer> {
    return this.askUntil(request, () => true);
  }

  /** The same, but goes on while an answer is not `final`: resolves with the last one where none is. */
  async askUntil(
    request: RegistryRequest,
    final: (answer: RegistryAnswer) => boolean,
  ): Promise<RegistryAnswer> {
    const failures: string[] = [];
    let cause: unknown;
    let last: RegistryAnswer | undefined;
    const first = this.#current;
    for (let i = 0; i < this.#endpoints.length; i++) {
      const at = (first + i) % this.#endpoints.length;
      const endpoint = this.#endpoint(at);
      try {
        const answer = await this.#askOne(endpoint, request);
        const failure = failureOf(answer);
        if (failure === undefined) {
          if (final(answer)) {
            this.#current = at;
            return answer;
          }
          last = answer;
        } else failures.push(`${endpoint.url} ${failure}`);
      } catch (error) {
        cause = error;
        failures.push(`${endpoint.url}: ${reasonOf(error)}`);
      }
    }
    // One that could not be asked may know what the others do not.
    if (last === undefined || failures.length > 0) throw unreachable(failures, cause);
    return last;
  }

  #endpoint(at: number): RegistryEndpoint {
    return this.#endpoints[at] as RegistryEndpoint;
  }

  /**
   * The library alone would wait for ever where a connection breaks within a body: its own timeout sees a connection
   * that is silent, not one that is gone.
   */
  async #askOne(endpoint: RegistryEndpoint, request: RegistryRequest): Promise<RegistryAnswer> {
    const stopped = this.#signal;
    const answered = new AbortController();
    const given = new AbortController();
    const ends = stopped === undefined ? [answered.signal] : [answered.signal, stopped];
    const timedOut = async (): Promise<never> => {
      await this.#clock.sleep(this.#timeoutMs, AbortSignal.any(ends));
      throw new Error(
        stopped?.aborted === true
          ? 'the service is stopping'
          : `no answer in ${this.#timeoutMs} ms`,
      );
    };
    try {
      return await Promise.race([endpoint.ask(request, given.signal), timedOut()]);
    } catch (error) {
      given.abort();
      throw error;
    } finally {
      answered.abort();
    }
  }
}

function reasonOf(error: unknown): string {
  const {code = ''} = (error ?? {}) as {readonly code?: string};
  // Node's error for a name with several addresses has the code and no message.
  const text = messageOf(error) || code;
  return tlsErrors.test(code)
    ? `${text} (is its authority in schema.registry.ssl.ca.location?)`
    : text;
}
