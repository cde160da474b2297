import {once} from 'node:events';
import {createConnection, createServer} from 'node:net';
import type {AddressInfo, Server, Socket} from 'node:net';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {TcpProxy} from './tcp-proxy.ts';
import {until} from './until.ts';

/** A connection whose other end sends everything back. */
class EchoClient {
  readonly socket: Socket;
  received = '';
  failure: string | undefined;
  hasEnded = false;
  hasClosed = false;

  constructor(port: number) {
    this.socket = createConnection({port, host: '127.0.0.1'});
    this.socket.on('data', (chunk) => (this.received += chunk.toString()));
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.failure = error.code));
    this.socket.on('end', () => (this.hasEnded = true));
    this.socket.on('close', () => (this.hasClosed = true));
  }
}

let echo: Server;
let heard: string;
let connections: Socket[];
let proxy: TcpProxy;

beforeEach(async () => {
  heard = '';
  connections = [];
  echo = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      socket.write(chunk);
    });
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await TcpProxy.start((echo.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of connections) socket.destroy();
  echo.close();
});

/** Through another proxy to the same server and back: what went into the one under test before has reached it by then. */
async function roundTrip(): Promise<void> {
  const other = await TcpProxy.start((echo.address() as AddressInfo).port);
  const control = new EchoClient(other.port);
  control.socket.write('!');
  await until('it is back', () => control.received === '!');
  await other.stop();
}

describe('TcpProxy', () => {
  test('hands bytes and the end of a connection on, in both directions', async () => {
    const client = new EchoClient(proxy.port);
    client.socket.write('one');
    await until('the echo arrives', () => client.received === 'one');

    client.socket.end();

    await until('the end comes back', () => client.hasEnded);
    expect(client.failure).toBeUndefined();
  });

  test('resets connections, open and new', async () => {
    const open = new EchoClient(proxy.port);
    open.socket.write('one');
    await until('the echo arrives', () => open.received === 'one');

    await proxy.reset();
    const late = new EchoClient(proxy.port);

    await until('both are closed', () => open.hasClosed && late.hasClosed);
    expect([open.failure, late.failure]).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  test('refuses new connections, and takes them on the same port again', async () => {
    await proxy.refuse();
    const refused = new EchoClient(proxy.port);
    await until('it is closed', () => refused.hasClosed);
    expect(refused.failure).toBe('ECONNREFUSED');

    await proxy.pass();
    const client = new EchoClient(proxy.port);
    client.socket.write('one');

    await until('the echo arrives', () => client.received === 'one');
  });

  test('lets nothing through as a blackhole, and delivers it in order when that is over', async () => {
    const client = new EchoClient(proxy.port);
    client.socket.write('one');
    await until('the echo arrives', () => client.received === 'one');

    await proxy.blackhole();
    client.socket.write(' two');
    connections[0]?.write(' from the server');
    await roundTrip();
    expect(heard).toBe('one!');
    expect(client.received).toBe('one');

    await proxy.pass();
    client.socket.write(' three');

    await until('all has been heard', () => heard === 'one! two three');
    await until('all has come back', () => client.received.endsWith('three'));
  });

  test('drops what a blackhole has held back when connections are reset after it', async () => {
    const client = new EchoClient(proxy.port);
    client.socket.write('one');
    await until('the echo arrives', () => client.received === 'one');
    await proxy.blackhole();
    client.socket.write(' two');

    await proxy.reset();
    await until('the server knows', () => connections[0]?.closed === true);

    expect(heard).toBe('one');
  });

  test('delays each byte', async () => {
    await proxy.delay(100);
    const client = new EchoClient(proxy.port);
    const start = performance.now();
    client.socket.write('one');

    await until('the echo arrives', () => client.received === 'one');

    // There and back.
    expect(performance.now() - start).toBeGreaterThan(190);
  });

  test('lets nothing overtake what a delay has held back', async () => {
    const client = new EchoClient(proxy.port);
    client.socket.write('one');
    await until('the echo arrives', () => client.received === 'one');
    await proxy.delay(100);
    connections[0]?.write(' two');
    await roundTrip();

    await proxy.pass();
    connections[0]?.write(' three');

    await until('all has arrived', () => client.received.length === 'one two three'.length);
    expect(client.received).toBe('one two three');
  });
});
