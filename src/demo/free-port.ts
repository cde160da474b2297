import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';

/** `wanted` where nothing listens on it, else a port of 127.0.0.1 that is free at the moment. */
export async function freePort(wanted: number | undefined): Promise<number> {
  return (wanted === undefined ? undefined : await listenOn(wanted)) ?? (await listenOn(0)) ?? 0;
}

function listenOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}
