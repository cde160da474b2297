import type {NetworkInterfaceInfo} from 'node:os';
import {describe, expect, test} from 'vitest';
import {applicationServer} from '../../src/service/application-server.ts';

const address = (text: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
  ({address: text, family: 'IPv4', internal: false, ...more}) as NetworkInterfaceInfo;

const interfaces = {
  lo: [address('127.0.0.1', {internal: true})],
  eth0: [address('fe80::1', {family: 'IPv6'} as never), address('10.0.0.7')],
};

describe('applicationServer', () => {
  test.each([
    ['what is configured', 'millrace-0:80', 'http://0.0.0.0:8080', 'millrace-0:80'],
    ['where it listens', undefined, 'http://127.0.0.1:8081', '127.0.0.1:8081'],
    ['where it listens over IPv6', undefined, 'http://[::1]:8081', '[::1]:8081'],
    ['its own address for all of IPv4', undefined, 'http://0.0.0.0:8080', '10.0.0.7:8080'],
    ['its own address for all of IPv6', undefined, 'http://[::]:8080', '10.0.0.7:8080'],
  ])('is %s', (_what, configured, url, expected) => {
    expect(applicationServer(configured, url, interfaces)).toBe(expected);
  });

  test('is loopback on a machine without another address', () => {
    expect(applicationServer(undefined, 'http://0.0.0.0:8080', {lo: interfaces.lo})).toBe(
      '127.0.0.1:8080',
    );
  });
});
