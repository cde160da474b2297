import {createHash, createPublicKey, verify} from 'node:crypto';
import {SnowflakeFailure} from './snowflake-failure.ts';

/** Who may log in, and with what. */
export interface StandInUser {
  readonly name: string;
  readonly password?: string;
  /** PEM. */
  readonly publicKey?: string;
  readonly oauthToken?: string;
  readonly programmaticAccessToken?: string;
}

/** What a login brings, as far as it is looked at. */
export interface LoginData {
  readonly ACCOUNT_NAME: string;
  readonly LOGIN_NAME?: string;
  readonly AUTHENTICATOR?: string;
  readonly PASSWORD?: string;
  readonly TOKEN?: string;
}

/** The user that a login is of. @throws SnowflakeFailure 390100, 390144 or 390303 */
export function authenticate(users: readonly StandInUser[], login: LoginData): StandInUser {
  const {AUTHENTICATOR: authenticator = 'SNOWFLAKE', LOGIN_NAME: name, TOKEN: token} = login;
  const byName = users.find((user) => user.name.toUpperCase() === name?.toUpperCase());
  switch (authenticator) {
    case 'SNOWFLAKE_JWT':
      if (
        byName?.publicKey !== undefined &&
        isValidJwt(token ?? '', login.ACCOUNT_NAME, byName.name, byName.publicKey)
      )
        return byName;
      throw new SnowflakeFailure('390144', '08001', 'JWT token is invalid.');
    case 'OAUTH': {
      const owner = users.find(({oauthToken}) => oauthToken !== undefined && oauthToken === token);
      if (owner !== undefined) return owner;
      throw new SnowflakeFailure('390303', '08001', 'Invalid OAuth access token.');
    }
    case 'PROGRAMMATIC_ACCESS_TOKEN':
      if (byName?.programmaticAccessToken !== undefined && byName.programmaticAccessToken === token)
        return byName;
      throw new SnowflakeFailure('394400', '08001', 'Programmatic access token is invalid.');
    default:
      if (byName?.password !== undefined && byName.password === login.PASSWORD) return byName;
      throw new SnowflakeFailure(
        '390100',
        '08001',
        'Incorrect username or password was specified.',
      );
  }
}

/** RS256 over `ACCOUNT.USER`, issued for the key's fingerprint. The driver writes its times in milliseconds. */
function isValidJwt(jwt: string, account: string, user: string, publicKey: string): boolean {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  if (
    !verify(
      'RSA-SHA256',
      Buffer.from(`${head}.${body}`),
      publicKey,
      Buffer.from(signature, 'base64url'),
    )
  )
    return false;
  const spki = createPublicKey(publicKey).export({type: 'spki', format: 'der'});
  const fingerprint = createHash('sha256').update(spki).digest('base64');
  const subject = `${account}.${user}`.toUpperCase();
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as {
    iss: string;
    sub: string;
    exp: number;
  };
  const expires = claims.exp > 1e11 ? claims.exp : claims.exp * 1000;
  return (
    claims.iss === `${subject}.SHA256:${fingerprint}` &&
    claims.sub === subject &&
    expires > Date.now()
  );
}
