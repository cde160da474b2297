import {randomInt} from 'node:crypto';
import {createServer} from 'node:net';

/**
 * A TCP port of 127.0.0.1 that nothing listens on, for a server whose port must stay free while it is down.
 *
 * Below the ports that a system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): among those, a client
 * that retries a dead server's port may be given that very port, connects to itself and keeps the server from coming back.
 */
export async function serverPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
