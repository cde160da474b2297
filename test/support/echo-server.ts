import {createServer as createHttpServer} from 'node:http';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {createServer as createHttpsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';

interface EchoOptions {
  /** Of every answer. */
  readonly status: number;
  /** With them it speaks TLS. */
  readonly tls?: {readonly key: string; readonly cert: string};
}

/** A server that refuses everything, and quotes in its answer whatever it was sent: credentials too, as they are and as they are meant. */
export class EchoServer {
  readonly port: number;
  readonly #server: Server;
  #requests = 0;

  private constructor(server: Server, status: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => void this.#refuse(request, response, status));
  }

  static async start({status, tls}: EchoOptions): Promise<EchoServer> {
    const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new EchoServer(server, status);
  }

  /** So many were refused. */
  get requests(): number {
    return this.#requests;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #refuse(request: IncomingMessage, response: ServerResponse, status: number): Promise<void> {
    this.#requests++;
    const {authorization = ''} = request.headers;
    const body = await text(request);
    const decoded = Buffer.from(authorization.replace(/^\w+ /, ''), 'base64').toString('latin1');
    const message = `refused ${authorization} (${decoded.replaceAll(/[^\x20-\x7e]/g, '')}) ${body}`;
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-databricks-error-or-redirect-message': message.replaceAll(/[^\x20-\x7e]/g, ' '),
      'x-thriftserver-error-message': message.replaceAll(/[^\x20-\x7e]/g, ' '),
    });
    // As a schema registry, as Snowflake and as an OAuth endpoint say it.
    response.end(
      JSON.stringify({
        error_code: status * 100 + 1,
        message,
        success: false,
        code: '390100',
        data: {},
        error: 'invalid_client',
        error_description: message,
      }),
    );
  }
}
