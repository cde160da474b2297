import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, describe, expect, test} from 'vitest';
import {peerHealth} from '../../src/http/peer-health.ts';

const server = createServer();
afterEach(() => {
  server.removeAllListeners('request');
  server.closeAllConnections();
  server.close();
});

/** Listens, and answers each request with this; never without. */
async function listen(status?: number): Promise<string> {
  server.on('request', (_request, response) => {
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('peerHealth', () => {
  test.each([200, 401, 503])('takes any answer as one: %i', async (status) => {
    expect(await peerHealth(await listen(status))).toBeUndefined();
  });

  test('says why nobody answers', async () => {
    const address = await listen(200);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));

    expect(await peerHealth(address)).toContain('ECONNREFUSED');
  });

  test('gives up on one that hangs', async () => {
    expect(await peerHealth(await listen())).toContain('timeout');
  });
});
