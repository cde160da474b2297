import type {NetworkInterfaceInfo} from 'node:os';

/**
 * `application.server` of this instance: what is configured, or else where it listens; where that is every address of
 * this machine, the first one that other machines could know.
 */
export function applicationServer(
  configured: string | undefined,
  url: string,
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): string {
  if (configured !== undefined) return configured;
  const {hostname, port, host} = new URL(url);
  if (hostname !== '0.0.0.0' && hostname !== '[::]') return host;
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({family, internal}) => family === 'IPv4' && !internal);
  return `${own?.address ?? '127.0.0.1'}:${port}`;
}
