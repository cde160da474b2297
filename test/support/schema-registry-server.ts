import {createServer as createHttpServer} from 'node:http';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {createServer as createHttpsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {text as textOf} from 'node:stream/consumers';
import {compatibilityOf} from '../../src/serde/registry/compatibility-level.ts';
import {incompatibility} from '../../src/serde/registry/json-schema-compatibility.ts';

/**
 * How one request goes wrong: `status` with a body, or `silent`: no answer; `reset`: the connection breaks before one,
 * or `cut`: within it; `garbage`: half a JSON document.
 */
export type RegistryFault =
  'silent' | 'reset' | 'cut' | 'garbage' | {readonly status: number; readonly body?: string};

export interface SchemaRegistryServerOptions {
  /** The `Authorization` header without which a request is answered 401. */
  readonly authorization?: string;
  readonly tls?: {readonly key: string; readonly cert: string};
  /** What another server knows as well, as in one cluster. Default: nothing yet. */
  readonly schemas?: ConfluentSchemas;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Body {
  readonly schema?: string;
  readonly compatibility?: string;
}

/** A request as the server has seen it. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a cluster of registry servers knows: Confluent's rules, under its strict policy for JSON Schema. */
export class ConfluentSchemas {
  readonly #ids = new Map<string, number>();
  readonly #subjects = new Map<string, string[]>();
  readonly #levels = new Map<string, string>();
  globalLevel = 'BACKWARD';
  /** As Apicurio, take nothing for a JSON Schema that may be Avro. */
  wantsDialect = false;
  /** As Apicurio, give a subject no level before its first version. */
  levelsNeedVersion = false;
  /** Confluent's mode READONLY. */
  readOnly = false;

  register(subject: string, schema: string): Answer {
    if (this.readOnly) throw new Refusal(42_205, `Subject ${subject} is in read-only mode`);
    parse(schema);
    if (this.wantsDialect && !/"\$schema"|"properties"/.test(schema))
      throw new Refusal(42_201, 'Given schema is not from type: JSON');
    const versions = this.#subjects.get(subject) ?? [];
    if (!versions.includes(schema)) {
      const level = this.#levels.get(subject) ?? this.globalLevel;
      const latest = versions.at(-1);
      const problem = latest && incompatibility(compatibilityOf(level) ?? 'NONE', latest, schema);
      if (problem !== undefined)
        throw new Refusal(
          409,
          `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [{description:"${problem}"}, {oldSchemaVersion: ${versions.length}}, {oldSchema: '${latest}'}, {compatibility: '${level}'}]`,
        );
      this.#subjects.set(subject, [...versions, schema]);
    }
    const id = this.#ids.get(schema) ?? this.#ids.size + 1;
    this.#ids.set(schema, id);
    return {status: 200, body: {id}};
  }

  lookUp(subject: string, schema: string): Answer {
    parse(schema);
    const version = this.#versions(subject).indexOf(schema) + 1;
    if (version === 0) throw new Refusal(40_403, 'Schema not found');
    return {status: 200, body: this.#version(subject, version)};
  }

  versions(subject: string): Answer {
    return {status: 200, body: this.#versions(subject).map((_, at) => at + 1)};
  }

  version(subject: string, text: string): Answer {
    const count = this.#versions(subject).length;
    const version = text === 'latest' ? count : Number(text);
    if (version < 1 || version > count) throw new Refusal(40_402, `Version ${text} not found.`);
    return {status: 200, body: this.#version(subject, version)};
  }

  /** Whether `register` would take it. */
  compatible(subject: string, schema: string): Answer {
    const latest = this.#versions(subject).at(-1) ?? '';
    const level = this.#levels.get(subject) ?? this.globalLevel;
    const problem = incompatibility(compatibilityOf(level) ?? 'NONE', latest, schema);
    const messages = problem === undefined ? [] : [problem, `{compatibility: '${level}'}`];
    return {status: 200, body: {is_compatible: problem === undefined, messages}};
  }

  byId(id: number): Answer {
    for (const [schema, known] of this.#ids)
      if (known === id) return {status: 200, body: {schemaType: 'JSON', schema}};
    throw new Refusal(40_403, `Schema ${id} not found`);
  }

  level(subject: string, defaultToGlobal: boolean): Answer {
    if (this.levelsNeedVersion) this.#versions(subject);
    const level = this.#levels.get(subject) ?? (defaultToGlobal ? this.globalLevel : undefined);
    if (level === undefined)
      throw new Refusal(
        40_408,
        `Subject '${subject}' does not have subject-level compatibility configured`,
      );
    return {status: 200, body: {compatibilityLevel: level}};
  }

  setLevel(subject: string, level: string | undefined): Answer {
    if (level === undefined || compatibilityOf(level) === undefined)
      throw new Refusal(42_203, 'Invalid compatibility level');
    if (this.levelsNeedVersion) this.#versions(subject);
    this.#levels.set(subject, level);
    return {status: 200, body: {compatibility: level}};
  }

  #versions(subject: string): readonly string[] {
    const versions = this.#subjects.get(subject);
    if (versions === undefined) throw new Refusal(40_401, `Subject '${subject}' not found.`);
    return versions;
  }

  #version(subject: string, version: number): object {
    const schema = this.#versions(subject)[version - 1] ?? '';
    return {subject, version, id: this.#ids.get(schema), schemaType: 'JSON', schema};
  }
}

/** A Schema Registry on a port of its own that answers as Confluent's does, and goes wrong where a test wants it to. */
export class SchemaRegistryServer {
  readonly url: string;
  readonly requests: SeenRequest[] = [];
  readonly schemas: ConfluentSchemas;
  readonly #server: Server;
  readonly #authorization: string | undefined;
  /** What the next requests meet, each once; undefined is an answer. */
  readonly #faults: (RegistryFault | undefined)[] = [];
  #always: RegistryFault | undefined;

  private constructor(options: SchemaRegistryServerOptions, server: Server) {
    const {port} = server.address() as AddressInfo;
    this.url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    this.schemas = options.schemas ?? new ConfluentSchemas();
    this.#authorization = options.authorization;
    this.#server = server;
    server.on('request', (request, response) => void this.#receive(request, response));
  }

  static async start(options: SchemaRegistryServerOptions = {}): Promise<SchemaRegistryServer> {
    const server = options.tls === undefined ? createHttpServer() : createHttpsServer(options.tls);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new SchemaRegistryServer(options, server);
  }

  /** Lets the next requests go wrong, one fault each; undefined lets one through. */
  failNext(...faults: readonly (RegistryFault | undefined)[]): void {
    this.#faults.push(...faults);
  }

  /** Lets all requests go wrong from now on; undefined ends that. */
  failAlways(fault: RegistryFault | undefined): void {
    this.#always = fault;
  }

  /** The requests so far as `METHOD /path`. */
  seen(): readonly string[] {
    return this.requests.map(({method, path}) => `${method} ${path}`);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {method = '', url = ''} = request;
    const {authorization} = request.headers;
    this.requests.push({method, path: url, authorization});
    const fault = this.#faults.length > 0 ? this.#faults.shift() : this.#always;
    const body = await textOf(request);
    if (fault !== undefined) return fail(fault, request, response);
    const answer =
      this.#authorization === undefined || authorization === this.#authorization
        ? this.#answer(method, url, body)
        : {status: 401, body: {error_code: 401, message: 'Unauthorized'}};
    send(response, answer.status, JSON.stringify(answer.body));
  }

  #answer(method: string, url: string, text: string): Answer {
    try {
      const body = text === '' ? {} : (JSON.parse(text) as Body);
      const {pathname, searchParams} = new URL(url, this.url);
      const parts = pathname.split('/').slice(1).map(decodeURIComponent);
      return this.#route(`${method} ${parts[0]}`, parts, body, searchParams);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const status = Number(String(error.code).slice(0, 3));
      return {status, body: {error_code: error.code, message: error.message}};
    }
  }

  #route(route: string, parts: readonly string[], body: Body, query: URLSearchParams): Answer {
    const [, subject = '', third, fourth] = parts;
    const {schema = ''} = body;
    if (route === 'GET schemas' && subject === 'ids') return this.schemas.byId(Number(third));
    if (route === 'POST subjects' && third === undefined)
      return this.schemas.lookUp(subject, schema);
    if (route === 'POST subjects' && third === 'versions')
      return this.schemas.register(subject, schema);
    if (route === 'GET subjects' && third === 'versions')
      return fourth === undefined
        ? this.schemas.versions(subject)
        : this.schemas.version(subject, fourth);
    if (route === 'POST compatibility' && subject === 'subjects')
      return this.schemas.compatible(third ?? '', schema);
    if (route === 'GET config')
      return this.schemas.level(subject, query.get('defaultToGlobal') === 'true');
    if (route === 'PUT config') return this.schemas.setLevel(subject, body.compatibility);
    throw new Refusal(404, 'HTTP 404 Not Found');
  }
}

function fail(fault: RegistryFault, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'silent') return;
  if (fault === 'reset') {
    request.socket.resetAndDestroy();
  } else if (fault === 'cut') {
    response.writeHead(200, {'content-length': 1000});
    response.write('{"schema":"', () => request.socket.resetAndDestroy());
  } else if (fault === 'garbage') {
    send(response, 200, '{"schema":"{');
  } else {
    send(response, fault.status, fault.body ?? '');
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {'content-type': 'application/vnd.schemaregistry.v1+json'});
  response.end(text);
}

function parse(schema: string): void {
  try {
    JSON.parse(schema);
  } catch {
    throw new Refusal(42_201, 'Invalid schema: it is not JSON');
  }
}
