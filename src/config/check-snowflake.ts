import type {KeyPath} from './mistake.ts';
import type {RawConfig} from './raw-config.ts';
import type {SnowflakeKeys} from './snowflake-config.ts';

const credentialKeys = ['private.key.file', 'private.key', 'password', 'token'] as const;

type CredentialKey = (typeof credentialKeys)[number];

/** What each way to log in needs one of. */
const needed: Readonly<
  Record<NonNullable<SnowflakeKeys['authenticator']>, readonly CredentialKey[]>
> = {
  snowflake_jwt: ['private.key.file', 'private.key'],
  oauth: ['token'],
  programmatic_access_token: ['token'],
  snowflake: ['password'],
};

/** Reports which keys of a Snowflake sink need each other, or exclude each other. `keys` are those that are right. */
export function checkSnowflake(raw: RawConfig, name: string, keys: Partial<SnowflakeKeys>): void {
  const keyAt = (key: string): KeyPath => ['sinks', name, key];
  if (credentialKeys.some((key) => raw.isWrong(keyAt(key))) || raw.isWrong(keyAt('authenticator')))
    return;
  const [first, second] = credentialKeys.filter((key) => keys[key] !== undefined);
  const {authenticator} = keys;
  if (first === undefined) {
    const wanted = authenticator === undefined ? credentialKeys : needed[authenticator];
    raw.mistake(
      authenticator === undefined ? keyAt('private.key.file') : keyAt('authenticator'),
      `${authenticator === undefined ? 'is required' : `: \`${authenticator}\` needs one`}: ${wanted.map((key) => `\`${key}\``).join(', ')}`,
    );
    return;
  }
  if (second !== undefined) {
    raw.mistake(keyAt(second), `: there is a \`${first}\` as well; leave one of them out`);
    return;
  }
  if (authenticator !== undefined && !needed[authenticator].includes(first))
    raw.mistake(
      keyAt(first),
      `is not used with \`authenticator: ${authenticator}\`, which needs ${needed[authenticator].map((key) => `\`${key}\``).join(' or ')}`,
    );
  if (keys['private.key.passphrase'] !== undefined && !needed.snowflake_jwt.includes(first))
    raw.mistake(keyAt('private.key.passphrase'), `is not used with \`${first}\``);
}
