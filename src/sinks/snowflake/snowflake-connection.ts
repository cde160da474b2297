import type {Connection, ConnectionOptions, RowStatement} from 'snowflake-sdk';
import type {Clock} from '../../common/clock.ts';
import {RetriableError} from '../../common/errors.ts';
import {Turns} from '../../common/turns.ts';
import {loadDriver} from './load-driver.ts';
import {isSessionLost, loginError} from './snowflake-error.ts';
import type {SnowflakeOptions} from './snowflake-options.ts';

/** A cell as the server sends it. */
type Cell = string | null;

export interface StatementResult {
  /** By column name; only for statements that answer with rows. */
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** Rows that DML changed; -1 for other statements. */
  readonly changed: number;
}

/** What a value is bound as. Numbers are text too: the driver would send their type by the first one. */
type Bind = string | null;

/** How much longer than the server has for a statement its answer may take. */
const ANSWER_MS = 15_000;

/** How long a logout may take; the session ends by itself where it fails. */
const LOGOUT_MS = 2000;

/** The driver runs what it is given at once, so a session's statements are put in a row here. */
export class SnowflakeConnection {
  readonly #connection: Connection;
  readonly #options: SnowflakeOptions;
  readonly #clock: Clock;
  readonly #statements = new Turns();
  #broken = false;

  private constructor(connection: Connection, options: SnowflakeOptions, clock: Clock) {
    this.#connection = connection;
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Logs in and sets the session up.
   *
   * @throws FatalError SINK_AUTHENTICATION_FAILED
   * @throws RetriableError SINK_UNREACHABLE
   */
  static async open(options: SnowflakeOptions, clock: Clock): Promise<SnowflakeConnection> {
    const {createConnection} = await loadDriver();
    const where = placeOf(options);
    try {
      const driver = createConnection(connectionOptions(options));
      // The callback: the promise resolves for a login that was refused, too.
      const login = new Promise<void>((resolve, reject) => {
        driver.connect((error) =>
          error === undefined || error === null ? resolve() : reject(error),
        );
      });
      const opened = new SnowflakeConnection(driver, options, clock);
      await opened.#within(options.connectTimeoutMs, 'the login', login);
      await opened.execute(sessionSql(options));
      return opened;
    } catch (error) {
      throw loginError(where, error);
    }
  }

  /** Account and database, for messages. */
  get where(): string {
    return placeOf(this.#options);
  }

  /** Whether nothing more can be done here: the session is lost, or a statement has never been answered. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Runs one statement after those before it. Rejects with the driver's error, or RetriableError when there is no answer. */
  execute(sqlText: string, binds: readonly Bind[] = []): Promise<StatementResult> {
    return this.#statements.run(() => this.#execute(sqlText, binds));
  }

  /** Logs out, which rolls an open transaction back. Never rejects. */
  async close(): Promise<void> {
    this.#broken = true;
    const loggedOut = new Promise<void>((resolve) => this.#connection.destroy(() => resolve()));
    await this.#within(LOGOUT_MS, 'the logout', loggedOut).catch(() => undefined);
  }

  async #execute(sqlText: string, binds: readonly Bind[]): Promise<StatementResult> {
    if (this.#broken) throw this.#unanswered('the connection is closed');
    const {statementTimeoutMs} = this.#options;
    let statement: RowStatement | undefined;
    const done = new Promise<RowStatement>((resolve, reject) => {
      statement = this.#connection.execute({
        sqlText,
        binds: [...binds],
        // Otherwise it would send again what the server has refused.
        streamResult: true,
        fetchAsString: ['Number', 'Date', 'JSON', 'Boolean', 'Buffer'],
        complete: (error, completed) =>
          error === undefined || error === null ? resolve(completed) : reject(error),
      });
    });
    try {
      const limit = statementTimeoutMs + ANSWER_MS;
      return await this.#within(limit, firstWords(sqlText), done.then(resultOf));
    } catch (error) {
      if (isSessionLost(error)) this.#broken = true;
      if (error instanceof RetriableError) {
        this.#broken = true;
        statement?.cancel(() => undefined);
      }
      throw error;
    }
  }

  async #within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const expired = this.#clock.sleep(ms, done.signal).then(() => {
      if (!done.signal.aborted) throw this.#unanswered(`${what} was not answered within ${ms} ms`);
      return undefined as T;
    });
    try {
      return await Promise.race([work, expired]);
    } finally {
      done.abort();
    }
  }

  #unanswered(reason: string): RetriableError {
    return new RetriableError(
      'SINK_UNREACHABLE',
      `${this.where}: ${reason}; check the network and the warehouse's load`,
    );
  }
}

function placeOf({account, database, schema}: SnowflakeOptions): string {
  return `Snowflake ${account}, ${database}.${schema}`;
}

/** `INSERT INTO "T"`: enough to know which statement it was, and no value. */
function firstWords(sql: string): string {
  return sql.split(' ').slice(0, 3).join(' ');
}

async function resultOf(statement: RowStatement): Promise<StatementResult> {
  const rows: Record<string, Cell>[] = [];
  // Results of a few rows: watermarks, transactions, columns.
  for await (const row of statement.streamRows()) rows.push(row as Record<string, Cell>);
  return {rows, changed: statement.getNumUpdatedRows() ?? -1};
}

/** What the account's own settings must not change about a statement. */
function sessionSql({statementTimeoutMs, lockTimeoutMs}: SnowflakeOptions): string {
  return [
    'ALTER SESSION SET',
    "TIMEZONE = 'UTC'",
    "QUERY_TAG = 'millrace'",
    'AUTOCOMMIT = TRUE',
    // A statement that fails must not leave the others of its transaction to be committed.
    'TRANSACTION_ABORT_ON_ERROR = TRUE',
    'ERROR_ON_NONDETERMINISTIC_MERGE = TRUE',
    'QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE',
    "TIMESTAMP_INPUT_FORMAT = 'AUTO'",
    "BINARY_INPUT_FORMAT = 'HEX'",
    'STRICT_JSON_OUTPUT = TRUE',
    `LOCK_TIMEOUT = ${Math.ceil(lockTimeoutMs / 1000)}`,
    `STATEMENT_TIMEOUT_IN_SECONDS = ${Math.ceil(statementTimeoutMs / 1000)}`,
  ].join(' ');
}

function connectionOptions(options: SnowflakeOptions): ConnectionOptions {
  const {account, url, user, role, warehouse, database, schema} = options;
  return {
    account,
    username: user,
    warehouse,
    database,
    schema,
    application: 'millrace',
    ...(url !== undefined && {accessUrl: url}),
    ...(role !== undefined && {role}),
    ...authentication(options),
    // Whoever opens the sink tries again, and says so meanwhile.
    sfRetryMaxLoginRetries: 0,
    // What goes through a stage is for the sink to decide: the driver would create one, which commits.
    arrayBindingThreshold: Number.MAX_SAFE_INTEGER,
    // Otherwise NULL is the text `NULL` where values are fetched as text.
    representNullAsStringNull: false,
    disableQueryContextCache: true,
    clientStoreTemporaryCredential: false,
  };
}

function authentication({credentials}: SnowflakeOptions): ConnectionOptions {
  switch (credentials.kind) {
    case 'key-file':
      return {
        authenticator: 'SNOWFLAKE_JWT',
        privateKeyPath: credentials.path,
        ...(credentials.passphrase !== undefined && {privateKeyPass: credentials.passphrase}),
      };
    case 'key':
      return {
        authenticator: 'SNOWFLAKE_JWT',
        privateKey: credentials.pem,
        ...(credentials.passphrase !== undefined && {privateKeyPass: credentials.passphrase}),
      };
    case 'password':
      return {authenticator: 'SNOWFLAKE', password: credentials.password};
    case 'oauth':
      return {authenticator: 'OAUTH', token: credentials.token};
    case 'programmatic-access-token':
      break;
  }
  return {authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token: credentials.token};
}
