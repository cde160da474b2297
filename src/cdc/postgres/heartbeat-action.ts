import type {Client} from 'pg';
import type {Clock} from '../../common/clock.ts';
import type {Conditions} from '../../common/conditions.ts';
import type {Logger} from '../../common/logger.ts';
import {connect, disconnect, terminate} from './connection/connection.ts';
import {postgresError} from './connection/errors.ts';
import type {ErrorContext} from './connection/errors.ts';

export interface HeartbeatActionOptions extends ErrorContext {
  readonly intervalMs: number;
  /** `heartbeat.action.query`. */
  readonly query: string;
}

interface HeartbeatActionDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly conditions: Conditions;
}

/** As long as one run of the query may take, at least. Milliseconds. */
const runMs = 10_000;

/**
 * Runs `heartbeat.action.query` every so often, on a connection of its own.
 *
 * One that fails is the condition `CDC_HEARTBEAT_FAILED` until it succeeds again; the source goes on meanwhile.
 */
export class HeartbeatAction {
  readonly #options: HeartbeatActionOptions;
  readonly #deps: HeartbeatActionDeps;
  readonly #subject: string;
  readonly #stop = new AbortController();
  #client: Client | undefined;
  #isFailing = false;

  constructor(options: HeartbeatActionOptions, deps: HeartbeatActionDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#subject = `source ${options.name}`;
  }

  start(): void {
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
    this.#succeeded();
    if (this.#client !== undefined) terminate(this.#client);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(this.#options.intervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.#beat(signal);
        if (!signal.aborted) this.#succeeded();
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const client = this.#client ?? (await connect(this.#options, 'query'));
    if (signal.aborted) return disconnect(client);
    this.#client = client;
    const done = new AbortController();
    const giveUp = async (): Promise<void> => {
      await this.#deps.clock.sleep(Math.max(runMs, this.#options.intervalMs), done.signal);
      if (!done.signal.aborted) terminate(client);
    };
    void giveUp();
    try {
      await client.query(this.#options.query);
    } finally {
      done.abort();
    }
  }

  #succeeded(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#deps.conditions.clear('CDC_HEARTBEAT_FAILED', this.#subject);
  }

  #failed(error: unknown): void {
    if (this.#client !== undefined) terminate(this.#client);
    this.#client = undefined;
    const {name} = this.#options;
    const {message: said} = postgresError(error, this.#options);
    const message = `heartbeat.action.query does not succeed: ${said}; correct the query or what it needs`;
    const code = 'CDC_HEARTBEAT_FAILED';
    this.#deps.conditions.raise({code, subject: this.#subject, severity: 'warning', message});
    const fields = {source: name, code, subject: this.#subject};
    if (!this.#isFailing) this.#deps.logger.warn(fields, message);
    this.#isFailing = true;
  }
}
