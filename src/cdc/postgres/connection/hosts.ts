/** One server of an address. */
export interface Host {
  readonly hostname: string;
  readonly port: number;
}

/**
 * The servers of `database.hostname`, in their order: names or addresses separated by commas, each with a port of its own
 * (`db1,db2:5433,[::1]:5434`) or `database.port`.
 */
export function hostsOf({hostname, port}: Host): readonly Host[] {
  return hostname.split(',').map((item) => {
    const text = item.trim();
    // More than one colon without brackets is an IPv6 address.
    const [, bracketed, plain, ownPort] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
    return {
      hostname: bracketed ?? plain ?? text,
      port: ownPort === undefined ? port : Number(ownPort),
    };
  });
}

/** For messages: `db1:5432,db2:5433`. */
export function hostsText(address: Host): string {
  return hostsOf(address).map(hostText).join(',');
}

export function hostText({hostname, port}: Host): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
