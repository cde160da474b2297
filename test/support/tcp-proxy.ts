import {once} from 'node:events';
import {createConnection, createServer} from 'node:net';
import type {Server, Socket} from 'node:net';
import {setTimeout as pause} from 'node:timers/promises';
import {serverPort} from './server-port.ts';

/**
 * A TCP proxy on 127.0.0.1 in front of one port, for faults on the wire.
 *
 * A server that advertises its own address (Kafka) must advertise the proxy's port, or its clients go around it.
 */
export class TcpProxy {
  readonly port: number;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #resetsConnections = false;
  #delayMs = 0;
  #alter: ((chunk: Buffer) => void) | undefined;
  /** Resolves when bytes may pass again; undefined while they may. */
  #passing: Promise<void> | undefined;
  #letPass: () => void = () => undefined;

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
    this.#server = this.#makeServer();
  }

  /** `target` need not listen yet. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await serverPort(), target);
    await proxy.#listen();
    return proxy;
  }

  /** Connections of clients that are open. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Hands bytes on, also those that were held back by {@link blackhole}. */
  async pass(): Promise<void> {
    this.#undo();
    await this.#listen();
  }

  /** As {@link pass}, each byte `ms` later, in both directions. */
  async delay(ms: number): Promise<void> {
    this.#undo();
    this.#delayMs = ms;
    await this.#listen();
  }

  /** As {@link pass}, after `alter` has changed what the server sends, chunk by chunk, in place: damage that no checksum has noticed. */
  async alter(alter: (chunk: Buffer) => void): Promise<void> {
    this.#undo();
    this.#alter = alter;
    await this.#listen();
  }

  /** Ends every connection, and each new one after it was accepted, with a reset. */
  async reset(): Promise<void> {
    this.#undo();
    this.#resetsConnections = true;
    this.#resetAll();
    await this.#listen();
  }

  /** Ends every connection with a reset and lets no new one in, as a port that nobody listens on. */
  async refuse(): Promise<void> {
    this.#undo();
    const closed = this.#close();
    this.#resetAll();
    await closed;
  }

  /**
   * Keeps connections open and lets nothing through, neither bytes nor the end of a connection, until the mode changes: a network
   * that drops packets. Connections are still accepted.
   */
  async blackhole(): Promise<void> {
    this.#undo();
    this.#passing = new Promise((resolve) => (this.#letPass = resolve));
    await this.#listen();
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  #undo(): void {
    this.#resetsConnections = false;
    this.#delayMs = 0;
    this.#alter = undefined;
    this.#letPass();
    this.#passing = undefined;
  }

  #resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async #listen(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#makeServer();
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #makeServer(): Server {
    return createServer({allowHalfOpen: true, noDelay: true}, (client) => {
      if (this.#resetsConnections) {
        client.resetAndDestroy();
        return;
      }
      const server = createConnection({
        port: this.#target,
        host: '127.0.0.1',
        allowHalfOpen: true,
        noDelay: true,
      });
      this.#pump(client, server);
      this.#pump(server, client, (chunk) => this.#alter?.(chunk));
    });
  }

  #pump(from: Socket, to: Socket, alter: (chunk: Buffer) => void = () => undefined): void {
    this.#sockets.add(from);
    let last = Promise.resolve();
    const inTurn = (step: () => void): void => {
      const due = performance.now() + this.#delayMs;
      const before = last;
      last = (async () => {
        await before;
        const rest = due - performance.now();
        if (rest > 0) await pause(rest);
        while (this.#passing !== undefined) await this.#passing;
        step();
      })();
    };
    from.on('data', (chunk: Buffer) =>
      inTurn(() => {
        alter(chunk);
        to.write(chunk);
      }),
    );
    from.on('end', () => inTurn(() => to.end()));
    from.on('close', (hadError) => {
      this.#sockets.delete(from);
      if (hadError) inTurn(() => to.resetAndDestroy());
    });
    // Told by 'close'.
    from.on('error', () => undefined);
  }
}
