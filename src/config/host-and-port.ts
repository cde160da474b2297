import {BlockList, isIP} from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `[::1]:8080` is host `::1` and port 8080; the schema has checked the form. */
export function hostAndPort(listen: string): {readonly host: string; readonly port: number} {
  const colon = listen.lastIndexOf(':');
  return {
    host: listen.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(listen.slice(colon + 1)),
  };
}

/** Whether only this machine reaches the host. Of names only `localhost` counts: what others mean is not written here. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0
    ? host.toLowerCase() === 'localhost'
    : loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
