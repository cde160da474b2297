import {request} from 'node:https';
import {StatementError} from './statement-error.ts';

export interface OauthOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** PEM of the authorities to trust; undefined: those of Node. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

export interface AccessToken {
  readonly value: string;
  readonly expiresInSeconds: number;
}

/**
 * A token of the workspace for a service principal: the client credentials grant (RFC 6749 §4.4), scope `all-apis`.
 *
 * The driver's own does this for hosts of the three clouds only, and takes no other authority for it.
 *
 * @throws StatementError which never has the secret.
 */
export async function fetchAccessToken(options: OauthOptions): Promise<AccessToken> {
  const {status, body} = await post(
    options,
    '/oidc/v1/token',
    'grant_type=client_credentials&scope=all-apis',
  );
  if (status !== 200) {
    const problem =
      status === 400 || status === 401 || status === 403 ? 'authentication' : 'unreachable';
    throw new StatementError(problem, `no token from ${options.host}: HTTP ${status}`);
  }
  const answer = parse(body);
  if (typeof answer.access_token !== 'string') {
    throw new StatementError(
      'unreachable',
      `no token from ${options.host}: its answer has no access_token`,
    );
  }
  return {value: answer.access_token, expiresInSeconds: Number(answer.expires_in ?? 3600)};
}

function parse(body: string): {access_token?: unknown; expires_in?: unknown} {
  try {
    return JSON.parse(body) as ReturnType<typeof parse>;
  } catch {
    return {};
  }
}

function post(
  {host, port, clientId, clientSecret, ca, timeoutMs}: OauthOptions,
  path: string,
  form: string,
): Promise<{status: number; body: string}> {
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        host,
        port,
        path,
        method: 'POST',
        ...(ca !== undefined && {ca}),
        timeout: timeoutMs,
        headers: {
          authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(form),
        },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
        response.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asking.end(form);
  });
}
