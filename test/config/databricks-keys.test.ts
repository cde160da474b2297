import {afterAll, describe, expect, test} from 'vitest';
import {ConfigFolder} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const required = {
  connector: 'databricks',
  topics: 'orders_enriched',
  host: 'dbc-example.cloud.databricks.com',
  'http.path': '/sql/1.0/warehouses/abc',
  catalog: 'main',
  volume: '/Volumes/main/default/millrace',
};

function yaml(keys: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({...required, ...keys}).map(
    ([key, value]) => `    ${key}: ${value}`,
  );
  return ['sinks:', '  lake:', ...lines].join('\n');
}

function lakeOf(keys: Readonly<Record<string, string | number>>): unknown {
  return folder.load(yaml(keys)).sinks[0];
}

describe('a sink with connector: databricks', () => {
  test('has defaults for what is left out', () => {
    expect(lakeOf({token: 'dapi1'})).toMatchObject({
      connector: 'databricks',
      databricks: {
        host: 'dbc-example.cloud.databricks.com',
        port: 443,
        httpPath: '/sql/1.0/warehouses/abc',
        login: {kind: 'token', token: 'dapi1'},
        catalog: 'main',
        schema: 'default',
        volume: '/Volumes/main/default/millrace',
        caLocation: undefined,
        requestTimeoutMs: 300_000,
        stagingDirectory: `${folder.path}/data/staging/lake`,
      },
    });
  });

  test('takes every key', () => {
    const login = {'oauth.client.id': 'id', 'oauth.client.secret': 's3cret'};
    const rest = {
      port: 8443,
      schema: 'sales',
      'ssl.ca.location': 'ca.pem',
      'request.timeout.ms': 100,
    };

    expect(lakeOf({...login, ...rest, volume: '/Volumes/a/b/c/folder/'})).toMatchObject({
      databricks: {
        login: {kind: 'oauth', clientId: 'id', clientSecret: 's3cret'},
        port: 8443,
        schema: 'sales',
        caLocation: `${folder.path}/ca.pem`,
        requestTimeoutMs: 100,
        volume: '/Volumes/a/b/c/folder',
      },
    });
  });

  test.each([
    [
      {},
      'token is required, or `oauth.client.id` and `oauth.client.secret` of a service principal',
    ],
    [
      {token: 't', 'oauth.client.id': 'i'},
      'oauth.client.id: there is a `token` as well; leave one of them out',
    ],
    [
      {token: 't', 'oauth.client.secret': 's'},
      'oauth.client.secret: there is a `token` as well; leave one of them out',
    ],
    [{'oauth.client.id': 'i'}, 'oauth.client.secret is required with `oauth.client.id`'],
    [{'oauth.client.secret': 's'}, 'oauth.client.id is required with `oauth.client.secret`'],
    [{token: 't', host: 'https://dbc'}, 'host: expected a host name, without `https://`'],
    [{token: 't', port: 0}, 'port: expected an integer from 1 to 65535'],
    [{token: 't', 'http.path': 'sql'}, 'http.path: expected a path as `/sql/1.0/warehouses/abc`'],
    [{token: 't', volume: '/mnt/x'}, 'volume: expected a path as `/Volumes/main/default/millrace`'],
    [{token: 't', 'request.timeout.ms': 1}, 'request.timeout.ms: expected an integer, 100 or more'],
    [{token: 't', database: 'x'}, 'database does not belong here'],
  ])('with %o says: %s', (keys, mistake) => {
    expect(folder.mistakes(yaml(keys))).toEqual([expect.stringContaining(`sinks.lake.${mistake}`)]);
  });

  test.each(['host', 'http.path', 'catalog', 'volume'])('requires %s', (key) => {
    const without = yaml({token: 't'})
      .split('\n')
      .filter((line) => !line.trim().startsWith(`${key}:`))
      .join('\n');

    expect(folder.mistakes(without)).toEqual([
      expect.stringContaining(`sinks.lake.${key} is required`),
    ]);
  });
});
