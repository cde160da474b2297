import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {makeCertificates} from '../servers/certificates.ts';
import type {Certificates} from '../servers/certificates.ts';
import {KafkaCluster} from '../servers/kafka-cluster.ts';
import {EchoServer} from '../support/echo-server.ts';
import {serverPort} from '../support/server-port.ts';
import {PostgresServer, queryPostgres} from '../support/postgres.ts';
import {until} from '../support/until.ts';

const MARK = 'XSECRETX';

/** One for each secret key. */
const secrets = {
  'http.auth.token': 'XSECRETX-http-token',
  'sasl.password': 'XSECRETX-sasl "password',
  'sasl.oauthbearer.client.secret': 'XSECRETX-kafka-oauth',
  'ssl.key.password': 'XSECRETX-kafka-key',
  'basic.auth.user.info': 'registry-user:XSECRETX-registry:password',
  'database.password': 'XSECRETX-database@/password',
  'database.sslpassword': 'XSECRETX-database-key',
  'snowflake.password': 'XSECRETX-snowflake',
  'snowflake.token': 'XSECRETX-snowflake-token',
  'private.key':
    '-----BEGIN PRIVATE KEY-----\nXSECRETX/private/key/line\n-----END PRIVATE KEY-----\n',
  'private.key.passphrase': 'XSECRETX-passphrase',
  'databricks.token': 'XSECRETX-databricks',
  'oauth.client.secret': 'XSECRETX-databricks-oauth',
} as const;

let certificates: Certificates;
let directory: string;
let serial = 0;
let child: ChildProcess | undefined;
let output = '';
const servers: EchoServer[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
});
beforeEach(() => {
  serial++;
  output = '';
  directory = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
  writeFileSync(join(directory, 'ca.pem'), certificates.authority);
  writeFileSync(join(directory, 'client.pem'), certificates.client.certificate);
  writeFileSync(join(directory, 'client.key'), certificates.client.key);
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(directory, {recursive: true, force: true});
});

async function echo(status: number, overTls = false): Promise<number> {
  const {key, certificate} = certificates.server;
  const tls = overTls ? {tls: {key, cert: certificate}} : {};
  const server = await EchoServer.start({status, ...tls});
  servers.push(server);
  return server.port;
}

/** Keys and values as YAML; strings in double quotes are JSON. */
function lines(keys: Readonly<Record<string, string | number>>, indent = ''): string {
  return Object.entries(keys)
    .map(([key, value]) => `${indent}${key}: ${JSON.stringify(value)}\n`)
    .join('');
}

function section(
  name: string,
  sections: Readonly<Record<string, Readonly<Record<string, string | number>>>>,
): string {
  const inner = Object.entries(sections).map(([key, keys]) => `  ${key}:\n${lines(keys, '    ')}`);
  return `${name}:\n${inner.join('')}`;
}

/** A source on the shared Postgres, which takes any password, with a table of its own. */
async function source(): Promise<Readonly<Record<string, string | number>>> {
  const name = `secrets_${process.pid}_${serial}`;
  await queryPostgres(inject('postgresPort'), `CREATE DATABASE ${name}`, 'postgres');
  await queryPostgres(inject('postgresPort'), 'CREATE TABLE t (id int PRIMARY KEY)', name);
  return {
    'database.hostname': '127.0.0.1',
    'database.port': inject('postgresPort'),
    'database.dbname': name,
    'database.user': 'postgres',
    'database.password': secrets['database.password'],
    'database.sslpassword': secrets['database.sslpassword'],
    'topic.prefix': 'pg',
    'slot.name': name,
    'table.include.list': 'public.t',
  };
}

const snowflake = {
  connector: 'snowflake',
  topics: 'orders_enriched',
  account: 'acme',
  user: 'loader',
  warehouse: 'W',
  database: 'D',
} as const;

const databricks = {
  connector: 'databricks',
  topics: 'orders_enriched',
  host: 'localhost',
  'http.path': '/sql/1.0/warehouses/a',
  'ssl.ca.location': './ca.pem',
  catalog: 'main',
  volume: '/Volumes/main/default/v',
} as const;

/** The built service with this configuration; what it says goes to `output`. */
function start(
  config: string,
  args: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): Promise<number | null> {
  writeFileSync(join(directory, 'm.yaml'), config);
  const command = args.length === 0 ? ['start'] : args;
  child = spawn(
    process.execPath,
    [...nodeFlags, resolve('dist/main.js'), ...command, '--config', 'm.yaml'],
    {cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ALL: allText}},
  );
  child.stdout?.on('data', (text) => (output += String(text)));
  child.stderr?.on('data', (text) => (output += String(text)));
  return once(child, 'close').then(([code]) => code as number | null);
}

/** Where a text has something of a secret: as it is, encoded for an address, or in base64. */
function tracesIn(text: string): readonly string[] {
  const words = text.match(/[\w+/%-]{8,}/g) ?? [];
  return words.filter((word) =>
    [word, ...[0, 1, 2, 3].map((at) => decoded(word.slice(at)))].some((form) =>
      form.includes(MARK),
    ),
  );
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

const allText = Object.values(secrets)
  .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret)])
  .join(' | ');

describe('the secrets of the configuration', () => {
  test('are in nothing that a running service says, whatever warehouses quote', async () => {
    const port = await serverPort();
    const ended = start(
      `${lines({'http.listen': `127.0.0.1:${port}`, 'http.auth.token': secrets['http.auth.token'], 'log.level': 'debug'})}${section(
        'sources',
        {camel: await source()},
      )}${section('sinks', {
        snow: {
          ...snowflake,
          url: `http://127.0.0.1:${await echo(503)}`,
          password: secrets['snowflake.password'],
        },
        lake: {...databricks, port: await echo(503, true), token: secrets['databricks.token']},
      })}`,
    );
    const ask = async (path: string): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: {authorization: `Bearer ${secrets['http.auth.token']}`},
      }).catch(() => undefined);
      return (await response?.text()) ?? '';
    };

    await until(
      'both warehouses are out',
      async () => {
        const status = await ask('/api/status');
        return ['snow', 'lake'].every((sink) => status.includes(`"subject":"sink ${sink}"`));
      },
      120_000,
      () => output,
    );
    const said = await Promise.all(
      [
        '/readyz',
        '/api/status',
        '/metrics',
        '/topology',
        '/api/tables',
        '/api/pipeline/graph',
        '/api/pipeline/snapshot',
        '/api/openapi.json',
        '/api/tables/no-such-table/a',
      ].map(ask),
    );
    child?.kill('SIGTERM');
    await ended;

    expect(said.filter((text) => text === '')).toEqual([]);
    expect(said[1]).toContain('***');
    expect(said.flatMap(tracesIn)).toEqual([]);
    expect(tracesIn(output)).toEqual([]);
  });

  test.each([
    [
      'Snowflake, with a password',
      async () => ({
        ...snowflake,
        url: `http://127.0.0.1:${await echo(200)}`,
        password: secrets['snowflake.password'],
      }),
    ],
    [
      'Snowflake, with a token',
      async () => ({
        ...snowflake,
        url: `http://127.0.0.1:${await echo(200)}`,
        token: secrets['snowflake.token'],
      }),
    ],
    [
      'Snowflake, with a key',
      async () => ({
        ...snowflake,
        url: `http://127.0.0.1:${await echo(200)}`,
        'private.key': secrets['private.key'],
        'private.key.passphrase': secrets['private.key.passphrase'],
      }),
    ],
    [
      'Databricks, with a token',
      async () => ({
        ...databricks,
        port: await echo(401, true),
        token: secrets['databricks.token'],
      }),
    ],
    [
      'Databricks, with a service principal',
      async () => ({
        ...databricks,
        port: await echo(401, true),
        'oauth.client.id': 'client',
        'oauth.client.secret': secrets['oauth.client.secret'],
      }),
    ],
  ])('are not in what a refused login ends with: %s', async (_warehouse, sink) => {
    const config = `http.listen: 127.0.0.1:0\nlog.level: debug\n${section('sources', {camel: await source()})}${section('sinks', {warehouse: await sink()})}`;

    const checked = await start(config, ['check', '--sink']);
    const checkSaid = output;
    const ended = await start(config);

    expect(checked, checkSaid).toBe(1);
    expect(ended, output).toBe(1);
    expect(output).toMatch(/^error: .*\(SINK_AUTHENTICATION_FAILED\)$/m);
    expect(tracesIn(output)).toEqual([]);
  });

  test('are not in what a refused login at Postgres ends with', async () => {
    const server = await PostgresServer.start({authentication: 'scram-sha-256'});
    const config = section('sources', {
      camel: {...(await source()), 'database.dbname': 'postgres', 'database.port': server.port},
    });

    const ended = await start(`http.listen: 127.0.0.1:0\nlog.level: debug\n${config}`);
    await server.stop();

    expect(ended, output).toBe(1);
    expect(output).toContain('(CDC_AUTHENTICATION_FAILED)');
    expect(tracesIn(output)).toEqual([]);
  });

  test.each([
    ['basic.auth.user.info', 401, secrets['basic.auth.user.info']],
    ['bearer.auth.token', 403, secrets['http.auth.token']],
  ])('are not in what a refused login at a registry ends with: %s', async (key, status, value) => {
    const registry = lines({url: `http://127.0.0.1:${await echo(status)}`, [key]: value}, '  ');

    const ended = await start(
      `http.listen: 127.0.0.1:0\nlog.level: debug\nschema.registry:\n${registry}${section('sources', {camel: await source()})}`,
    );

    expect(ended, output).toBe(1);
    expect(output).toMatch(/\(SCHEMA_REGISTRY_(AUTHENTICATION_FAILED|PERMISSION_DENIED)\)$/m);
    expect(tracesIn(output)).toEqual([]);
  });

  describe('at Kafka', () => {
    let cluster: KafkaCluster;
    beforeAll(async () => {
      cluster = await KafkaCluster.start({listeners: {USERS: {protocol: 'SASL_PLAINTEXT'}}});
    });
    afterAll(() => cluster.stop());

    test.each([
      ['PLAIN', async () => ({'sasl.username': 'u', 'sasl.password': secrets['sasl.password']})],
      [
        'SCRAM-SHA-256',
        async () => ({'sasl.username': 'u', 'sasl.password': secrets['sasl.password']}),
      ],
      [
        'OAUTHBEARER',
        async () => ({
          'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${await echo(401)}/token`,
          'sasl.oauthbearer.client.id': 'client',
          'sasl.oauthbearer.client.secret': secrets['sasl.oauthbearer.client.secret'],
        }),
      ],
    ])('are not in what a refused login ends with: %s', async (mechanism, keys) => {
      const kafka = lines(
        {
          'bootstrap.servers': cluster.brokersOf('USERS').join(','),
          'security.protocol': 'SASL_PLAINTEXT',
          'sasl.mechanism': mechanism,
          // Who gives out tokens may do so in a moment; it is asked again until then.
          'default.api.timeout.ms': 1000,
          ...(await keys()),
        },
        '  ',
      );

      const ended = await start(
        `http.listen: 127.0.0.1:0\nlog.level: debug\nkafka:\n${kafka}${section('sources', {camel: await source()})}`,
      );

      expect(ended, output).toBe(1);
      expect(output).toMatch(/\(KAFKA_(AUTHENTICATION_FAILED|UNREACHABLE)\)$/m);
      expect(tracesIn(output)).toEqual([]);
    });
  });

  // The first connection to Kafka tells that the configuration is read.
  test.each([
    ['an exception', 'throw error'],
    ['a rejection', 'void Promise.reject(error)'],
  ])('are not in the one line that %s which nobody catches leaves', async (_what, how) => {
    const hook = `process.once('SIGUSR2', () => {
      const error = Object.assign(new TypeError('lost ' + process.env.ALL, {cause: new Error(process.env.ALL)}), {url: process.env.ALL});
      ${how};
    })`;
    const broker = createServer(() => child?.kill('SIGUSR2'));
    await new Promise<void>((done) => broker.listen(0, '127.0.0.1', done));
    const kafka = {
      'bootstrap.servers': `127.0.0.1:${(broker.address() as AddressInfo).port}`,
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'PLAIN',
      'sasl.username': 'u',
      'sasl.password': secrets['sasl.password'],
      'sasl.oauthbearer.client.secret': secrets['sasl.oauthbearer.client.secret'],
      'ssl.ca.location': './ca.pem',
      'ssl.certificate.location': './client.pem',
      'ssl.key.location': './client.key',
      'ssl.key.password': secrets['ssl.key.password'],
    };
    const config = `${lines({
      'http.listen': '127.0.0.1:0',
      'http.auth.token': secrets['http.auth.token'],
      'log.level': 'silent',
    })}kafka:\n${lines(kafka, '  ')}schema.registry:\n${lines(
      {url: 'http://127.0.0.1:1', 'basic.auth.user.info': secrets['basic.auth.user.info']},
      '  ',
    )}${section('sources', {camel: await source()})}${section('sinks', {
      password: {...snowflake, password: secrets['snowflake.password']},
      token: {...snowflake, token: secrets['snowflake.token']},
      key: {
        ...snowflake,
        'private.key': secrets['private.key'],
        'private.key.passphrase': secrets['private.key.passphrase'],
      },
      lake: {...databricks, token: secrets['databricks.token']},
      principal: {
        ...databricks,
        'oauth.client.id': 'client',
        'oauth.client.secret': secrets['oauth.client.secret'],
      },
    })}`;

    const ended = await start(
      config,
      [],
      ['--import', `data:text/javascript,${encodeURIComponent(hook)}`],
    );
    broker.close();

    expect(ended, output).toBe(70);
    expect(output.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(output)).toMatchObject({
      level: 50,
      error: {
        type: 'TypeError',
        message: expect.stringMatching(/^lost \*\*\*/),
        stack: expect.stringContaining('    at '),
        cause: {message: expect.stringMatching(/^\*\*\*/)},
      },
      msg: expect.stringMatching(/^crashed: lost \*\*\*/),
    });
    expect(tracesIn(output)).toEqual([]);
  });
});
