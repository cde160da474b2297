import type {DatabricksKeys} from './databricks-config.ts';
import type {KeyPath} from './mistake.ts';
import type {RawConfig} from './raw-config.ts';

/** Reports which keys of a Databricks sink need each other, or exclude each other. `keys` are those that are right. */
export function checkDatabricks(raw: RawConfig, name: string, keys: Partial<DatabricksKeys>): void {
  const keyAt = (key: keyof DatabricksKeys): KeyPath => ['sinks', name, key];
  const logins = ['token', 'oauth.client.id', 'oauth.client.secret'] as const;
  if (logins.some((key) => raw.isWrong(keyAt(key)))) return;
  const {token, 'oauth.client.id': id, 'oauth.client.secret': secret} = keys;
  if (token === undefined && id === undefined && secret === undefined) {
    raw.mistake(
      keyAt('token'),
      'is required, or `oauth.client.id` and `oauth.client.secret` of a service principal',
    );
  } else if (token !== undefined && (id !== undefined || secret !== undefined)) {
    raw.mistake(
      keyAt(id === undefined ? 'oauth.client.secret' : 'oauth.client.id'),
      ': there is a `token` as well; leave one of them out',
    );
  } else if (token === undefined && (id === undefined || secret === undefined)) {
    const [missing, there] =
      id === undefined
        ? (['oauth.client.id', 'oauth.client.secret'] as const)
        : (['oauth.client.secret', 'oauth.client.id'] as const);
    raw.mistake(keyAt(missing), `is required with \`${there}\``);
  }
}
