import {once} from 'node:events';
import {get} from 'node:http';
import {connect, createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {describe, expect, test} from 'vitest';
import {takeContacted} from './loopback-only.ts';

describe('the watch over connections', () => {
  test('sink check 25: refuses every way to an address beyond this machine, and notes it', async () => {
    const ways = [
      () => connect(80, '192.0.2.1'),
      () => connect({port: 80, host: 'warehouse.invalid'}),
      () => connectTls({port: 443, host: '192.0.2.2'}),
    ];
    for (const connecting of ways)
      await expect(once(connecting(), 'connect')).rejects.toThrow('which is not this machine');
    await expect(once(get('http://192.0.2.4/'), 'response')).rejects.toThrow('closed');
    await expect(fetch('http://192.0.2.3/')).rejects.toThrow('fetch failed');

    expect(takeContacted()).toEqual([
      '192.0.2.1',
      'warehouse.invalid',
      '192.0.2.2',
      '192.0.2.4',
      '192.0.2.3',
    ]);
  });

  test('lets connections to this machine pass', async () => {
    const server = createServer((socket) => socket.end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const {port} = server.address() as AddressInfo;

    for (const socket of [connect(port, '127.0.0.1'), connect({port, host: 'localhost'})]) {
      await once(socket, 'connect');
      socket.destroy();
    }
    server.close();

    expect(takeContacted()).toEqual([]);
  });
});
