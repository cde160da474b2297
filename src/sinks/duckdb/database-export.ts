import {rename} from 'node:fs/promises';
import {resolve} from 'node:path';
import type {Clock} from '../../common/clock.ts';
import type {Conditions} from '../../common/conditions.ts';
import {messageOf} from '../../common/errors.ts';
import type {Logger} from '../../common/logger.ts';
import type {DuckDbClient} from './duckdb-client.ts';

export interface ExportOptions {
  /** The copy, a DuckDB file that other processes open read-only. */
  readonly database: string;
  /** Milliseconds from the end of one copy to the next. */
  readonly intervalMs: number;
}

export interface ExportDeps {
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly logger: Pick<Logger, 'warn'>;
  /** Whose condition SINK_EXPORT_FAILED is: `sink local`. */
  readonly subject: string;
}

/**
 * Keeps a copy of the database file for readers, since DuckDB lets no other process open a file that one writes.
 *
 * Each copy holds what was committed at one moment, whole tables and watermarks, and replaces the last one by a rename: a reader that
 * has the last one open keeps it. Nothing is copied while nothing was committed. A copy that fails is a condition, and
 * is tried again; the sink goes on.
 */
export class DatabaseExport {
  readonly #client: DuckDbClient;
  readonly #path: string;
  readonly #deps: ExportDeps;
  readonly #stop: () => void;
  #copying: Promise<void> | undefined;
  /** Commits that the copy has. */
  #copied = 0;
  #isFailing = false;

  constructor(client: DuckDbClient, {database, intervalMs}: ExportOptions, deps: ExportDeps) {
    this.#client = client;
    this.#path = resolve(database);
    this.#deps = deps;
    this.#stop = deps.clock.every(intervalMs, () => {
      this.#copying ??= this.#copy().finally(() => (this.#copying = undefined));
    });
  }

  /** Resolves once nothing is being copied any more. */
  async close(): Promise<void> {
    this.#stop();
    await this.#copying;
  }

  async #copy(): Promise<void> {
    const {commits} = this.#client;
    if (commits === this.#copied) return;
    const {conditions, logger, subject} = this.#deps;
    const code = 'SINK_EXPORT_FAILED';
    try {
      await this.#client.copyTo(`${this.#path}.new`);
      await rename(`${this.#path}.new`, this.#path);
      this.#copied = commits;
      conditions.clear(code, subject);
      this.#isFailing = false;
    } catch (error) {
      const message = `${subject}: the copy for readers, ${this.#path}, could not be written (${messageOf(error)}); check the free space and the permissions of its folder. The one before it, if any, stays`;
      conditions.raise({code, subject, severity: 'warning', message});
      if (!this.#isFailing) logger.warn({code, subject}, message);
      this.#isFailing = true;
    }
  }
}
