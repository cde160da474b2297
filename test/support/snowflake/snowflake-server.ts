import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';
import {Turns} from '../../../src/common/turns.ts';
import {StatementFaults} from '../statement-faults.ts';
import type {StatementFault} from '../statement-faults.ts';
import {SnowflakeFailure, snowflakeFailure} from './snowflake-failure.ts';
import {sessionGone, SnowflakeSession} from './snowflake-session.ts';
import type {SharedState} from './snowflake-session.ts';
import type {StatementReply} from './statement-reply.ts';
import {TableLocks} from './table-locks.ts';
import {authenticate} from './tokens.ts';
import type {LoginData, StandInUser} from './tokens.ts';
import {macros} from './translate.ts';

export interface SnowflakeServerOptions {
  /** 0 picks a free one. */
  readonly port?: number;
  readonly users?: readonly StandInUser[];
  /** Where the tables are; in memory unless there is a file. */
  readonly database?: string;
  /**
   * How files reach a stage: `copy` has the driver copy them to a folder of this machine, as Snowflake's own local tests;
   * `upload` has it send them to a signed URL, as an account on Google's cloud.
   */
  readonly stages?: 'copy' | 'upload';
}

/** An HTTP request of the driver's that counts. */
export interface SeenRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

type Body = Readonly<Record<string, unknown>>;

const demoUser: StandInUser = {name: 'LOADER', password: 'secret'};

/**
 * A Snowflake account for tests and the demo: the Node driver's own protocol over HTTP on loopback, DuckDB behind it.
 *
 * It has what the sink's guarantees rest upon: sessions with transactions, which stay open with their locks when a client
 * goes away and are rolled back by a logout; DDL that commits; requests that are sent again under the same id and run
 * once; tokens that expire.
 */
export class SnowflakeServer {
  /** Uploads to signed URLs meet them as well, as `UPLOAD '…'`. */
  readonly faults = new StatementFaults();
  /** Every request, in order of arrival. */
  readonly requests: SeenRequest[] = [];
  readonly url: string;
  /** Statements that were running at the same time, at most. */
  mostAtOnce = 0;
  /** What the next statement is answered with, in place of being run. */
  nextReply: StatementReply | undefined;
  readonly #server: Server;
  readonly #duck: DuckDBInstance;
  readonly #options: SnowflakeServerOptions;
  readonly #shared: SharedState;
  readonly #tokens = new Map<string, SnowflakeSession>();
  readonly #masters = new Map<string, SnowflakeSession>();
  readonly #expired = new Set<string>();
  readonly #answers = new Map<string, Promise<Body>>();
  #running = 0;
  #nextSession = 1;

  private constructor(server: Server, duck: DuckDBInstance, options: SnowflakeServerOptions) {
    this.#server = server;
    this.#duck = duck;
    this.#options = options;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const directory = mkdtempSync(join(tmpdir(), 'millrace-snowflake-'));
    this.#shared = {
      locks: new TableLocks(),
      turns: new Turns(),
      sessions: new Map(),
      directory,
      stageInfo: (folder, file) => this.#stageInfo(folder, file),
      commits: 0,
      nextTransaction: 1,
    };
  }

  static async start(options: SnowflakeServerOptions = {}): Promise<SnowflakeServer> {
    const duck = await DuckDBInstance.create(options.database ?? ':memory:', {threads: '1'});
    const connection = await duck.connect();
    for (const macro of macros)
      await connection.run(macro.replace('CREATE MACRO', 'CREATE OR REPLACE MACRO'));
    connection.closeSync();
    const server = createServer();
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const started = new SnowflakeServer(server, duck, options);
    server.on('request', (request, response) => void started.#serve(request, response));
    return started;
  }

  /** Rows of a query in DuckDB's dialect, of what is committed. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await this.#duck.connect();
    try {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowObjectsJson();
    } finally {
      connection.closeSync();
    }
  }

  /** Transactions that are open, by name. */
  get transactions(): readonly string[] {
    return [...this.#shared.sessions.values()].flatMap(({transaction}) => transaction?.name ?? []);
  }

  get sessions(): readonly SnowflakeSession[] {
    return [...this.#shared.sessions.values()];
  }

  /** Session tokens are to be renewed with the next request (390112). */
  expireTokens(): void {
    for (const token of this.#tokens.keys()) this.#expired.add(token);
  }

  /** Sessions are gone (390111), as after a master token has expired. */
  async loseSessions(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await Promise.all(this.sessions.map((session) => session.close()));
    this.#duck.closeSync();
    rmSync(this.#shared.directory, {recursive: true, force: true});
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {pathname, searchParams} = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      // The client is gone before it has said all.
      return;
    }
    const content = Buffer.concat(chunks);
    if (request.method === 'PUT') {
      await this.#receive(searchParams, content, response);
      return;
    }
    const body = (content.length === 0 ? {} : JSON.parse(content.toString())) as Body;
    this.requests.push({path: pathname, query: searchParams, body});
    const token = /Token="([^"]+)"/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    switch (pathname) {
      case '/session/v1/login-request':
        return send(response, await this.#login(body));
      case '/queries/v1/query-request':
        return this.#queryRequest(
          response,
          token,
          searchParams.get('requestId') ?? randomUUID(),
          body,
        );
      case '/session/token-request':
        return send(response, this.#renew(token, body));
      case '/session': {
        await this.#tokens.get(token)?.close();
        return send(response, {success: true, code: null, data: null});
      }
      case '/session/heartbeat':
      case '/telemetry/send':
      case '/queries/v1/abort-request':
        return send(response, {success: true, code: null, data: null});
      default:
        response.writeHead(404).end();
    }
  }

  async #login(body: Body): Promise<Body> {
    const login = body['data'] as LoginData;
    try {
      const user = authenticate(this.#options.users ?? [demoUser], login);
      const session = new SnowflakeSession(
        this.#nextSession++,
        user.name,
        await this.#duck.connect(),
        this.#shared,
      );
      this.#shared.sessions.set(session.id, session);
      const token = randomUUID();
      const masterToken = randomUUID();
      this.#tokens.set(token, session);
      this.#masters.set(masterToken, session);
      return ok({
        token,
        masterToken,
        validityInSeconds: 3600,
        masterValidityInSeconds: 14_400,
        sessionId: session.id,
        parameters: [{name: 'CLIENT_STAGE_ARRAY_BINDING_THRESHOLD', value: 1}],
        sessionInfo: {},
      });
    } catch (error) {
      return failed(snowflakeFailure(error));
    }
  }

  #renew(masterToken: string, body: Body): Body {
    const session = this.#masters.get(masterToken);
    if (session === undefined || !this.#shared.sessions.has(session.id))
      return failed(new SnowflakeFailure('390114', '08001', 'Authentication token has expired.'));
    const sessionToken = randomUUID();
    this.#tokens.delete(String(body['oldSessionToken']));
    this.#tokens.set(sessionToken, session);
    return ok({sessionToken, masterToken, validityInSecondsST: 3600, validityInSecondsMT: 14_400});
  }

  async #queryRequest(
    response: ServerResponse,
    token: string,
    requestId: string,
    body: Body,
  ): Promise<void> {
    const sql = String(body['sqlText']);
    const fault = this.faults.take(sql);
    const before = fault === undefined ? undefined : faultsBefore[fault];
    if (before !== undefined) return before(response);
    if (fault === 'fails-before') return send(response, failed(internalError()));
    if (fault === 'session-expired') await this.#tokens.get(token)?.close();
    if (fault === 'held') await this.faults.whenReleased;
    const answer = await this.#answerOnce(token, requestId, sql, body);
    if (fault === 'answer-lost') response.socket?.destroy();
    else if (fault === 'fails-after') send(response, failed(internalError()));
    else if (fault !== 'hangs-after') send(response, answer);
  }

  /** "requestId makes the execution idempotent": what is sent again under the same id gets the answer of the first time. */
  #answerOnce(token: string, requestId: string, sql: string, body: Body): Promise<Body> {
    const known = this.#answers.get(requestId);
    if (known !== undefined) return known;
    const session = this.#tokens.get(token);
    if (this.#expired.delete(token))
      return Promise.resolve(
        failed(
          new SnowflakeFailure('390112', '08001', 'Your session has expired. Please login again.'),
        ),
      );
    if (session === undefined || !this.#shared.sessions.has(session.id))
      return Promise.resolve(failed(sessionGone()));
    const answer = this.#run(session, sql, body);
    this.#answers.set(requestId, answer);
    return answer;
  }

  async #run(session: SnowflakeSession, sql: string, body: Body): Promise<Body> {
    this.#running++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    try {
      const given = this.nextReply;
      this.nextReply = undefined;
      return ok(replyData(given ?? (await session.execute(sql, bindsOf(body)))));
    } catch (error) {
      return failed(snowflakeFailure(error));
    } finally {
      this.#running--;
    }
  }

  #stageInfo(folder: string, file: string): Readonly<Record<string, unknown>> {
    if (this.#options.stages !== 'upload')
      return {locationType: 'LOCAL_FS', location: folder, path: '', region: '', creds: {}};
    const target = new URLSearchParams({folder, file: basename(file)});
    return {
      locationType: 'GCS',
      location: 'stage/path',
      path: 'path',
      region: '',
      creds: {},
      presignedUrl: `${this.url}/upload?${target.toString()}`,
    };
  }

  /** A file for a stage. What is wrong with its URL is told by HTTP 400, as Google's storage does. */
  async #receive(
    target: URLSearchParams,
    content: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const [folder = '', file = ''] = ['folder', 'file'].map((name) => target.get(name) ?? '');
    const fault = this.faults.take(`UPLOAD '${file}'`);
    const before = fault === undefined ? undefined : faultsBefore[fault];
    if (before !== undefined) return before(response);
    if (fault === 'session-expired' || !folder.startsWith(this.#shared.directory)) {
      response.writeHead(400).end();
      return;
    }
    if (fault === 'held') await this.faults.whenReleased;
    if (fault !== 'fails-before') {
      mkdirSync(folder, {recursive: true});
      writeFileSync(join(folder, basename(file)), content);
    }
    if (fault === 'answer-lost') response.socket?.destroy();
    else if (fault === 'fails-before' || fault === 'fails-after') response.writeHead(500).end();
    else if (fault !== 'hangs-after') response.writeHead(200).end();
  }
}

/** What takes the place of doing anything. */
const faultsBefore: Partial<Record<StatementFault, (response: ServerResponse) => void>> = {
  reset: (response) => response.socket?.destroy(),
  'hangs-before': () => undefined,
  'too-many-requests': (response) => response.writeHead(429).end(),
  unavailable: (response) => response.writeHead(503).end(),
};

function replyData({columns, rows, statementTypeId, upload}: StatementReply): Body {
  const queryId = randomUUID();
  if (upload !== undefined) return {queryId, ...upload};
  return {
    queryId,
    rowtype: columns.map(({name, type, scale = 0}) => ({
      name,
      type,
      scale,
      precision: 38,
      nullable: true,
    })),
    rowset: rows,
    total: rows.length,
    returned: rows.length,
    version: 1,
    statementTypeId,
    parameters: [],
  };
}

/** Plain binds, by position; the sink sends none by row. */
function bindsOf(body: Body): readonly (string | null)[] {
  const bindings = (body['bindings'] ?? {}) as Readonly<Record<string, {value: unknown}>>;
  return Object.keys(bindings).map((_, at) => {
    const value = bindings[String(at + 1)]?.value ?? null;
    if (value !== null && typeof value !== 'string')
      throw new SnowflakeFailure('001003', '42601', 'array binds are not for this stand-in');
    return value;
  });
}

function internalError(): SnowflakeFailure {
  return new SnowflakeFailure(
    '000603',
    'XX000',
    'SQL execution internal error: Processing aborted by error 300010.',
  );
}

function ok(data: Body): Body {
  return {success: true, code: null, message: null, data};
}

function failed({code, sqlState, message}: SnowflakeFailure): Body {
  return {
    success: false,
    code,
    message,
    data: {errorCode: code, sqlState, queryId: randomUUID(), line: -1, pos: -1, type: 'ERROR'},
  };
}

function send(response: ServerResponse, body: Body): void {
  response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(body));
}
