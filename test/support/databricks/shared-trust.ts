import {Agent} from 'node:https';
import {createSecureContext} from 'node:tls';
import type {SecureContext} from 'node:tls';

interface TlsOptions {
  readonly ca?: (string | Buffer)[] | undefined;
  readonly secureContext?: SecureContext;
}

type Method = (this: Agent, options: TlsOptions, ...rest: unknown[]) => unknown;

/**
 * The driver trusts Node's hundred and fifty authorities besides the one that it is given, and has all of them read for each
 * connection and compared for each request: a third of what a statement costs here. Until the returned function is called
 * they are read once. Only for clients that all talk to one server.
 */
export function shareTrust(): () => void {
  const prototype = Agent.prototype as unknown as {createConnection: Method; getName: Method};
  const {createConnection, getName} = prototype;
  let shared: SecureContext | undefined;
  prototype.createConnection = function ({ca, ...options}, ...rest) {
    const secureContext = (shared ??= createSecureContext({ca}));
    return createConnection.call(this, {...options, secureContext}, ...rest);
  };
  prototype.getName = function (options, ...rest) {
    return getName.call(this, {...options, ca: undefined}, ...rest);
  };
  return () => {
    prototype.createConnection = createConnection;
    prototype.getName = getName;
  };
}
