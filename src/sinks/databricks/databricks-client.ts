import {randomInt} from 'node:crypto';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {DBSQLClient} from '@databricks/sql';
import type {Clock} from '../../common/clock.ts';
import type {Logger} from '../../common/logger.ts';
import {fetchAccessToken} from './access-token.ts';
import {StatementError, statementError} from './statement-error.ts';

export interface DatabricksOptions {
  /** The workspace's host name. */
  readonly host: string;
  /** Default: 443. */
  readonly port?: number;
  /** Of the SQL warehouse: `/sql/1.0/warehouses/…`. */
  readonly httpPath: string;
  readonly login: DatabricksLogin;
  readonly catalog: string;
  readonly schema: string;
  /** Where batches lie until they are loaded: `/Volumes/<catalog>/<schema>/<volume>`, or a folder in it. */
  readonly volume: string;
  /** PEM of further authorities to trust. */
  readonly ca?: string;
  /** How long one statement may take, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** A folder of this sink alone, for files on their way to the volume. */
  readonly stagingDirectory: string;
}

/** A personal access token, or the secret of a service principal (OAuth machine-to-machine). */
export type DatabricksLogin =
  | {readonly kind: 'token'; readonly token: string}
  | {readonly kind: 'oauth'; readonly clientId: string; readonly clientSecret: string};

export interface DatabricksDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Row = Readonly<Record<string, unknown>>;

/** Of a statement that certainly did nothing. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** What closing may take; a warehouse that does not answer forgets its session by itself. */
const CLOSE_MS = 2000;

type Session = Awaited<ReturnType<DBSQLClient['openSession']>>;

/**
 * A session with a SQL warehouse. Statements run at the same time where callers do not wait; each is known to have
 * succeeded when its promise resolves.
 *
 * The driver is loaded here, so that a service without Databricks does not pay for it.
 */
export class DatabricksClient {
  readonly options: DatabricksOptions;
  /** Where files lie on their way to the volume. */
  readonly staging: string;
  readonly #deps: DatabricksDeps;
  readonly #client: DBSQLClient;
  readonly #session: Session;
  readonly #closing = new AbortController();
  #broken = false;

  private constructor(
    options: DatabricksOptions,
    deps: DatabricksDeps,
    client: DBSQLClient,
    session: Session,
  ) {
    this.options = options;
    this.staging = mkdtempSync(join(options.stagingDirectory, 'session-'));
    this.#deps = deps;
    this.#client = client;
    this.#session = session;
  }

  /** @throws StatementError */
  static async open(options: DatabricksOptions, deps: DatabricksDeps): Promise<DatabricksClient> {
    const {catalog, schema, stagingDirectory} = options;
    rmSync(stagingDirectory, {recursive: true, force: true});
    mkdirSync(stagingDirectory, {recursive: true, mode: 0o700});
    const client = await connect(options, deps);
    try {
      const opening = client.openSession({
        initialCatalog: catalog,
        initialSchema: schema,
        configuration: {ANSI_MODE: 'true', TIMEZONE: 'UTC'},
      });
      const session = await within(options.requestTimeoutMs, opening, deps.clock);
      return new DatabricksClient(options, deps, client, session);
    } catch (error) {
      await shutDown(client, deps.clock);
      throw statementError(error);
    }
  }

  /** True when the session may be gone, or the driver's buffers may hold half a request: connect again. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Runs one statement to its end; `GET`, `PUT` and `REMOVE` with what they do to the volume and to local files.
   *
   * What certainly did nothing because of others is tried again, a few times; all else fails at once.
   *
   * @throws StatementError
   */
  async run(sql: string): Promise<void> {
    await this.#repeat(() => this.#finish(sql));
  }

  /** The rows of a statement that has some: `SELECT`, `UPDATE` with its count, `DESCRIBE`, `LIST`. Fails as {@link run} does. */
  query(sql: string): Promise<readonly Row[]> {
    return this.#repeat(() => this.#finish(sql, true));
  }

  async #repeat<T>(attemptOnce: () => Promise<T>): Promise<T> {
    const {clock} = this.#deps;
    const {requestTimeoutMs} = this.options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await within(requestTimeoutMs, attemptOnce(), clock, this.#closing.signal);
      } catch (thrown) {
        const error = statementError(thrown);
        if (error.problem === 'unreachable') this.#broken = true;
        const isFinal = error.problem !== 'conflict' && error.problem !== 'busy';
        if (isFinal || attempt === ATTEMPTS - 1) throw error;
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
        await clock.sleep(pause / 2 + randomInt(pause / 2), this.#closing.signal);
      }
    }
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#broken = true;
    this.#closing.abort();
    await shutDown(this.#client, this.#deps.clock);
    rmSync(this.staging, {recursive: true, force: true});
  }

  async #finish(sql: string, hasRows = false): Promise<readonly Row[]> {
    const isStaging = /^(?:GET|PUT|REMOVE) /.test(sql);
    const operation = await this.#session.executeStatement(sql, {
      useCloudFetch: false,
      ...(isStaging && {stagingAllowedLocalPath: this.staging}),
    });
    // Only this one tells of an error: `executeStatement` and `close` resolve, and `fetchAll` may return no rows.
    await operation.finished();
    // Where there are none, `fetchAll` may ask for them for ever, without a turn for anybody else.
    const rows = hasRows ? ((await operation.fetchAll()) as Row[]) : [];
    await operation.close().catch(() => undefined);
    return rows;
  }
}

async function connect(
  options: DatabricksOptions,
  {clock, logger}: DatabricksDeps,
): Promise<DBSQLClient> {
  const {DBSQLClient: Client, LogLevel, auth} = await import('@databricks/sql');
  const client = new Client({
    logger: {
      log: (level, message) => {
        if (level === LogLevel.error || level === LogLevel.warn)
          logger.debug({driver: '@databricks/sql'}, message);
      },
    },
  });
  const {host, port = 443, httpPath, login, ca, requestTimeoutMs} = options;
  const address = {
    host,
    port,
    path: httpPath,
    userAgentEntry: 'millrace',
    socketTimeout: requestTimeoutMs,
    // Of its questions for a statement's state; statements themselves it never repeats.
    retryMaxAttempts: 3,
    retryDelayMin: 250,
    retryDelayMax: 2000,
    telemetryEnabled: false,
    preserveBigNumericPrecision: true,
    ...(ca !== undefined && {customCaCert: ca}),
  };
  if (login.kind === 'token') {
    await client.connect({...address, token: login.token});
    return client;
  }
  const {clientId, clientSecret} = login;
  await client.connect({
    ...address,
    authType: 'token-provider',
    tokenProvider: {
      getName: () => 'millrace',
      getToken: async () => {
        const asked = {host, port, clientId, clientSecret, ca, timeoutMs: requestTimeoutMs};
        const {value, expiresInSeconds} = await fetchAccessToken(asked);
        return new auth.Token(value, {expiresAt: new Date(clock.now() + expiresInSeconds * 1000)});
      },
    },
  });
  return client;
}

async function shutDown(client: DBSQLClient, clock: Clock): Promise<void> {
  await within(CLOSE_MS, client.close(), clock).catch(() => undefined);
}

/** Fails when `work` takes longer than `ms`, or `signal` aborts; `work` itself goes on. */
async function within<T>(
  ms: number,
  work: Promise<T>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T> {
  const settled = new AbortController();
  const ends = signal === undefined ? settled.signal : AbortSignal.any([settled.signal, signal]);
  const late = clock.sleep(ms, ends).then((): never => {
    throw new StatementError(
      'unreachable',
      signal?.aborted === true ? 'the connection was closed' : `no answer within ${ms} ms`,
    );
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
    work.catch(() => undefined);
  }
}
