import {createServer} from 'node:http';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {Config} from '../../src/config/config.ts';
import {whyCommand} from '../../src/service/why-command.ts';

const answer = {topic: 'orders', key: 'a/b', records: [], waiting: [], notes: ['Nothing.']};

let server: Server;
let config: Config;
let reply: {status: number; body: object};
let asked: string | undefined;
let shown: string | undefined;
beforeEach(async () => {
  reply = {status: 200, body: answer};
  server = createServer((request, response) => {
    asked = request.url;
    shown = request.headers.authorization;
    response.writeHead(reply.status).end(JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  config = {http: {host: '0.0.0.0', port}} as Config;
});
afterEach(() => server.close());

const why = (format: 'text' | 'json', url?: string) =>
  whyCommand(config, {topic: 'orders', key: 'a/b', url, format});

describe('whyCommand', () => {
  test('asks the service that listens where the configuration says', async () => {
    expect(await why('text')).toBe('note: Nothing.\n');
    expect(JSON.parse(await why('json'))).toEqual(answer);
    expect(asked).toBe('/api/lineage/orders/a%2Fb');
  });

  test('passes on what the service says', async () => {
    reply = {status: 404, body: {error: 'Nothing is known of it.', code: 'ROW_NOT_FOUND'}};

    await expect(why('text')).rejects.toMatchObject({
      code: 'LINEAGE_UNAVAILABLE',
      message: expect.stringContaining('Nothing is known of it.'),
    });
  });

  test('shows the token of its configuration, and none where there is none', async () => {
    await why('text');
    expect(shown).toBeUndefined();

    config = {http: {...config.http, token: 'token-of-all'}} as Config;
    await why('text');
    expect(shown).toBe('Bearer token-of-all');
  });

  test('says where the token belongs that the service wants', async () => {
    reply = {status: 401, body: {error: 'Send the token.', code: 'UNAUTHORIZED'}};

    await expect(why('text')).rejects.toMatchObject({
      message: expect.stringMatching(/: Send the token\. Set it in the configuration /),
    });
  });

  test('says that nobody answers, and what to do', async () => {
    const url = `http://127.0.0.1:${config.http.port}`;
    await new Promise((resolve) => server.close(resolve));

    await expect(why('text', url)).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringContaining(`${url} does not answer`),
    });
  });
});
