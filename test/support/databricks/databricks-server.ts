import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:https';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {thrift as driver} from '@databricks/sql';
import {makeCertificates} from '../../servers/certificates.ts';
import type {StatementFault, StatementFaults} from '../statement-faults.ts';
import {DeltaEngine} from './delta-engine.ts';
import type {HeldStatement} from './delta-engine.ts';
import {SparkError, sparkError} from './spark-error.ts';
import {
  failure,
  idOf,
  newIdentifier,
  operationStatus,
  resultSetMetadata,
  rowSet,
  success,
  thriftLibrary,
} from './thrift-answers.ts';
import type {Outcome} from './thrift-answers.ts';

const {TCLIService, TCLIService_types: types} = driver;

export interface DatabricksServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly catalog?: string;
  readonly schema?: string;
  /** Asked for each statement that arrives, and for the requests that bring and remove files: `UPLOAD '…'`, `DELETE '…'`. */
  readonly faults?: StatementFaults;
  /** Answers with the result where it is there at once, as a warehouse does. Otherwise the client has to ask. Default: true. */
  readonly directResults?: boolean;
}

/** How the server can be reached, as the sink's configuration says it. */
export interface DatabricksAddress {
  readonly host: string;
  readonly port: number;
  readonly httpPath: string;
  readonly token: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly catalog: string;
  readonly schema: string;
  readonly volume: string;
}

const httpPath = '/sql/1.0/warehouses/stand-in';
const token = 'dapi-stand-in';
const oauthToken = 'oauth-stand-in';
const [clientId, clientSecret] = ['stand-in-client', 'stand-in-secret'];

/** Databricks' limit of parameters in one statement. */
const MAX_PARAMETERS = 256;

/** Since this version servers take parameters; older ones are sent none. */
const PROTOCOL = types.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8;

interface Operation {
  outcome: Outcome;
  isFetched: boolean;
}

/**
 * A Databricks SQL warehouse and the files of its volumes, as the driver sees them: HTTPS, Thrift's binary protocol through
 * the driver's own `Processor`, addresses for uploads, tokens for service principals. Statements run on DuckDB.
 */
export class DatabricksServer {
  readonly address: DatabricksAddress;
  /** Statements that arrived since the start. */
  readonly statements: string[] = [];
  /** What was asked for since the start: the first part of each path. */
  readonly paths = new Set<string>();
  /** Sessions that were opened since the start. */
  sessionsOpened = 0;
  readonly #options: DatabricksServerOptions;
  readonly #directory: string;
  readonly #engine: DeltaEngine;
  readonly #server: Server;
  /** Also those that are still shaking hands, of which the server itself knows nothing. */
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<string>();
  readonly #operations = new Map<string, Operation>();

  private constructor(
    options: DatabricksServerOptions,
    directory: string,
    engine: DeltaEngine,
    {server, ca}: {server: Server; ca: string},
  ) {
    const {catalog = 'main', schema = 'default'} = options;
    this.#options = options;
    this.#directory = directory;
    this.#engine = engine;
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.address = {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      httpPath,
      token,
      clientId,
      clientSecret,
      ca,
      catalog,
      schema,
      volume: `/Volumes/${catalog}/${schema}/millrace`,
    };
  }

  static async start(options: DatabricksServerOptions = {}): Promise<DatabricksServer> {
    const {port = 0, catalog = 'main', schema = 'default'} = options;
    const directory = mkdtempSync(join(tmpdir(), 'millrace-databricks-'));
    const engine = await DeltaEngine.open({catalog, schema, directory});
    const {authority, server: identity} = await makeCertificates();
    const server = createServer({
      key: identity.key,
      cert: identity.certificate,
      keepAliveTimeout: 60_000,
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const self = new DatabricksServer(options, directory, engine, {server, ca: authority});
    server.on('request', (request, response) => {
      self.#answer(request, response).catch(() => response.destroy());
    });
    return self;
  }

  /** Rows of one SELECT in DuckDB's SQL. */
  query(sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.#engine.query(sql);
  }

  /** Runs a statement of Databricks' SQL, as another client would. */
  async run(sql: string): Promise<void> {
    await this.#engine.run(sql);
  }

  /** From now on the user lacks the privilege for these statements. */
  deny(statements: RegExp): void {
    this.#engine.denied = statements;
  }

  holdBeforeCommit(pattern: RegExp): HeldStatement {
    return this.#engine.holdBeforeCommit(pattern);
  }

  /** Where a file of a volume lies on the disk. */
  volumeFile(path: string): string {
    return this.#engine.volumeFile(path);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#engine.close();
    rmSync(this.#directory, {recursive: true, force: true});
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const {pathname} = new URL(request.url ?? '/', 'https://stand-in');
    this.paths.add(pathname.split('/').slice(0, 2).join('/'));
    if (pathname === '/oidc/v1/token') return this.#grantToken(request, response, body);
    if (pathname.startsWith('/presigned/')) {
      const path = decodeURIComponent(pathname.slice('/presigned'.length));
      if (request.method === 'GET') return this.#sendFile(path, response);
      return this.#changeFile(path, request.method === 'PUT' ? body : undefined, response);
    }
    const {authorization} = request.headers;
    if (authorization !== `Bearer ${token}` && authorization !== `Bearer ${oauthToken}`) {
      refuse(response, 401, 'Credential was not sent or was of an unsupported type for this API.');
      return;
    }
    if (pathname !== httpPath) {
      refuse(response, 404, `Endpoint ${pathname} does not exist.`);
      return;
    }
    const {TBinaryProtocol: Protocol, TBufferedTransport: Transport} = thriftLibrary;
    const output = new Transport(undefined, (message) => {
      response.writeHead(200, {'content-type': 'application/x-thrift'}).end(message);
    });
    Transport.receiver((transport) => {
      const processor = new TCLIService.Processor(this.#handler(response));
      processor.process(new Protocol(transport), new Protocol(output));
    }, 0)(body);
  }

  /** What the driver fetches behind `GET`. */
  async #sendFile(path: string, response: ServerResponse): Promise<void> {
    await this.#transfer(`DOWNLOAD '${path}'`, response, () => {
      const content = this.#engine.readFile(path);
      return () => response.writeHead(content === undefined ? 404 : 200).end(content);
    });
  }

  /** Brings a file to a volume, or removes it: what the driver does behind `PUT` and `REMOVE`. */
  async #changeFile(
    path: string,
    content: Buffer | undefined,
    response: ServerResponse,
  ): Promise<void> {
    await this.#transfer(
      `${content === undefined ? 'DELETE' : 'UPLOAD'} '${path}'`,
      response,
      () => {
        const isThere = this.#engine.storeFile(path, content);
        return () => response.writeHead(content === undefined && !isThere ? 404 : 200).end();
      },
    );
  }

  /** Asks the storage for something; `run` does it, and returns what answers. */
  async #transfer(request: string, response: ServerResponse, run: () => () => void): Promise<void> {
    const {faults} = this.#options;
    const fault = faults?.take(request);
    const before = fault === undefined ? undefined : faultsBefore[fault];
    if (before !== undefined) return before(response);
    // An address is good for some time only.
    if (fault === 'session-expired') return refuse(response, 403, 'Request has expired');
    if (fault === 'fails-before') return refuse(response, 500, 'Internal error');
    if (fault === 'held' || fault === 'commits-late') await faults?.whenReleased;
    const answer = run();
    if (fault === 'hangs-after') return;
    if (fault === 'answer-lost') response.destroy();
    else if (fault === 'fails-after') refuse(response, 500, 'Internal error');
    else answer();
  }

  #grantToken(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const form = new URLSearchParams(body.toString());
    if (request.headers.authorization !== basic) {
      response.writeHead(401).end('{"error":"invalid_client"}');
    } else if (
      form.get('grant_type') !== 'client_credentials' ||
      form.get('scope') !== 'all-apis'
    ) {
      response.writeHead(400).end('{"error":"invalid_request"}');
    } else {
      response
        .writeHead(200, {'content-type': 'application/json'})
        .end(JSON.stringify({access_token: oauthToken, token_type: 'Bearer', expires_in: 3600}));
    }
  }

  /** The service for one request, which `response` answers. Its methods take one argument: they return promises. */
  #handler(response: ServerResponse) {
    const of = ({operationHandle}: {operationHandle: {operationId: {guid: Buffer}}}): Operation => {
      const operation = this.#operations.get(idOf(operationHandle.operationId));
      if (operation === undefined) throw new Error('Invalid OperationHandle');
      return operation;
    };
    return {
      OpenSession: async (_request: object) => {
        const sessionId = newIdentifier();
        this.#sessions.add(idOf(sessionId));
        this.sessionsOpened++;
        return new types.TOpenSessionResp({
          status: success,
          serverProtocolVersion: PROTOCOL,
          sessionHandle: new types.TSessionHandle({sessionId}),
        });
      },
      CloseSession: async ({sessionHandle}: {sessionHandle: {sessionId: {guid: Buffer}}}) => {
        this.#sessions.delete(idOf(sessionHandle.sessionId));
        return new types.TCloseSessionResp({status: success});
      },
      ExecuteStatement: (request: InstanceType<typeof types.TExecuteStatementReq>) =>
        this.#execute(request, response),
      GetOperationStatus: async (request: Parameters<typeof of>[0]) =>
        operationStatus(of(request).outcome),
      GetResultSetMetadata: async (request: Parameters<typeof of>[0]) =>
        resultSetMetadata(resultOf(of(request))),
      // The driver asks until it gets no more.
      FetchResults: async (request: Parameters<typeof of>[0]) => {
        const operation = of(request);
        const {isFetched} = operation;
        operation.isFetched = true;
        return rowSet(resultOf(operation), (path) => this.#presign(path), isFetched);
      },
      CancelOperation: async (_request: object) =>
        new types.TCancelOperationResp({status: success}),
      CloseOperation: async ({operationHandle}: Parameters<typeof of>[0]) => {
        this.#operations.delete(idOf(operationHandle.operationId));
        return new types.TCloseOperationResp({status: success});
      },
    };
  }

  async #execute(
    {sessionHandle, statement, parameters}: InstanceType<typeof types.TExecuteStatementReq>,
    response: ServerResponse,
  ) {
    const session = idOf(sessionHandle.sessionId);
    this.statements.push(statement);
    const fault = this.#options.faults?.take(statement);
    if (fault === 'session-expired') this.#sessions.delete(session);
    if (!this.#sessions.has(session)) {
      return new types.TExecuteStatementResp({status: failure('Invalid SessionHandle')});
    }
    const before = fault === undefined ? undefined : faultsBefore[fault];
    if (before !== undefined) {
      before(response);
      return new Promise<never>(() => undefined);
    }
    const released = this.#options.faults?.whenReleased;
    if (fault === 'held') await released;
    const operation: Operation = {outcome: {state: 'running'}, isFetched: false};
    const running =
      fault === 'fails-before'
        ? Promise.resolve(unwell)
        : (parameters?.length ?? 0) > MAX_PARAMETERS
          ? Promise.resolve(tooManyParameters)
          : this.#run(statement, fault === 'commits-late' ? released : undefined);
    const done = running.then(
      (outcome) => (operation.outcome = fault === 'fails-after' ? unwell : outcome),
    );
    const operationId = newIdentifier();
    this.#operations.set(idOf(operationId), operation);
    const operationHandle = new types.TOperationHandle({
      operationId,
      operationType: types.TOperationType.EXECUTE_STATEMENT,
      hasResultSet: true,
    });
    if (fault === 'answer-lost' || fault === 'hangs-after') {
      await done;
      if (fault === 'answer-lost') response.destroy();
      return new Promise<never>(() => undefined);
    }
    if (this.#options.directResults === false) {
      return new types.TExecuteStatementResp({status: success, operationHandle});
    }
    await done;
    return new types.TExecuteStatementResp({
      status: success,
      operationHandle,
      directResults: this.#direct(operation.outcome),
    });
  }

  /** Runs it; it commits no sooner than `released` resolves. */
  async #run(statement: string, released?: Promise<void>): Promise<Outcome> {
    try {
      const result = await this.#engine.run(statement, released);
      await released;
      return {state: 'finished', result};
    } catch (error) {
      return {state: 'failed', error: sparkError(error, false)};
    }
  }

  #direct(outcome: Outcome) {
    return new types.TSparkDirectResults({
      operationStatus: operationStatus(outcome),
      ...(outcome.state === 'finished' && {
        resultSetMetadata: resultSetMetadata(outcome.result),
        // Also where there are no rows: the driver then has them for ever, and asks again and again.
        resultSet: rowSet(outcome.result, (path) => this.#presign(path), false),
      }),
      closeOperation: new types.TCloseOperationResp({status: success}),
    });
  }

  #presign(path: string): string {
    const {host, port} = this.address;
    return `https://${host}:${port}/presigned${path.split('/').map(encodeURIComponent).join('/')}`;
  }
}

function resultOf({outcome}: Operation) {
  if (outcome.state === 'finished') return outcome.result;
  throw new Error('The operation has no result');
}

const unwell: Outcome = {
  state: 'failed',
  error: new SparkError('XX000', 'INTERNAL_ERROR', 'The warehouse is unwell for the moment.'),
};

const tooManyParameters: Outcome = {
  state: 'failed',
  error: new SparkError('07501', 'TOO_MANY_PARAMETERS', `More than ${MAX_PARAMETERS} parameters.`),
};

/** What takes the place of running the statement. */
const faultsBefore: Partial<Record<StatementFault, (response: ServerResponse) => void>> = {
  reset: (response) => response.destroy(),
  'hangs-before': () => undefined,
  'too-many-requests': (response) => refuse(response, 429, 'Too many requests'),
  unavailable: (response) => refuse(response, 503, 'Service unavailable'),
};

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, {'x-thriftserver-error-message': reason}).end();
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
