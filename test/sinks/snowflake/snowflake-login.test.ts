import {generateKeyPairSync} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {SnowflakeConnection} from '../../../src/sinks/snowflake/snowflake-connection.ts';
import type {
  SnowflakeCredentials,
  SnowflakeOptions,
} from '../../../src/sinks/snowflake/snowflake-options.ts';
import {serverPort} from '../../support/server-port.ts';
import {SnowflakeWarehouse} from './snowflake-warehouse.ts';

const {publicKey, privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
const plainPem = privateKey.export({type: 'pkcs8', format: 'pem'}) as string;
const lockedPem = privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'open sesame',
}) as string;

let directory: string;
let warehouse: SnowflakeWarehouse;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
  writeFileSync(join(directory, 'key.p8'), lockedPem);
  warehouse = await SnowflakeWarehouse.start({
    users: [
      {
        name: 'LOADER',
        password: 'secret',
        publicKey: publicKey.export({type: 'spki', format: 'pem'}) as string,
        oauthToken: 'oauth-token',
        programmaticAccessToken: 'pat-token',
      },
    ],
  });
});
afterAll(async () => {
  await warehouse.close();
  rmSync(directory, {recursive: true});
});

async function login(credentials: SnowflakeCredentials, rest: Partial<SnowflakeOptions> = {}) {
  const options = warehouse.options({credentials, ...rest});
  const connection = await SnowflakeConnection.open(options, systemClock);
  const {rows} = await connection.execute('SELECT 1 AS N');
  await connection.close();
  return rows;
}

describe('Snowflake', () => {
  test.each<[string, () => SnowflakeCredentials]>([
    ['a key', () => ({kind: 'key', pem: plainPem, passphrase: undefined})],
    ['a key with a passphrase', () => ({kind: 'key', pem: lockedPem, passphrase: 'open sesame'})],
    [
      'a key file',
      () => ({kind: 'key-file', path: join(directory, 'key.p8'), passphrase: 'open sesame'}),
    ],
    ['a password', () => ({kind: 'password', password: 'secret'})],
    ['an OAuth token', () => ({kind: 'oauth', token: 'oauth-token'})],
    [
      'a programmatic access token',
      () => ({kind: 'programmatic-access-token', token: 'pat-token'}),
    ],
  ])('logs in with %s', async (_, credentials) => {
    expect(await login(credentials())).toEqual([{N: '1'}]);
  });

  test.each<[string, SnowflakeCredentials]>([
    ['a wrong password', {kind: 'password', password: 'guess'}],
    ['a wrong OAuth token', {kind: 'oauth', token: 'stolen'}],
    ['a wrong programmatic access token', {kind: 'programmatic-access-token', token: 'stolen'}],
    [
      'a key that the user does not have',
      {
        kind: 'key',
        pem: generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }) as string,
        passphrase: undefined,
      },
    ],
    [
      'a key file that is not there',
      {kind: 'key-file', path: '/nowhere/key.p8', passphrase: undefined},
    ],
    ['a wrong passphrase', {kind: 'key', pem: lockedPem, passphrase: 'guess'}],
  ])('stops at %s, and says no secret', async (_, credentials) => {
    const failure = await login(credentials).catch((error: unknown) => error);

    expect(failure).toMatchObject({name: 'FatalError', code: 'SINK_AUTHENTICATION_FAILED'});
    expect(String(failure)).not.toMatch(/guess|stolen|BEGIN|open sesame/);
  });

  test('sink check 24: an address where nobody answers is reported at once', async () => {
    const url = `http://127.0.0.1:${await serverPort()}`;

    await expect(login({kind: 'password', password: 'secret'}, {url})).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SINK_UNREACHABLE',
      message: expect.stringMatching(/^Snowflake acme, ANALYTICS\.PUBLIC: login failed/),
    });
  });

  test('tells the server warehouse, database, schema and role, and sets the session up', async () => {
    await login({kind: 'password', password: 'secret'}, {role: 'WRITER'});

    const {requests, faults} = warehouse.server;
    const found = requests.findLast(({path}) => path === '/session/v1/login-request');
    expect(Object.fromEntries(found?.query ?? [])).toMatchObject({
      warehouse: 'LOADING',
      databaseName: 'ANALYTICS',
      schemaName: 'PUBLIC',
      roleName: 'WRITER',
    });
    expect(faults.statements.findLast((sql) => sql.startsWith('ALTER SESSION'))).toBe(
      "ALTER SESSION SET TIMEZONE = 'UTC' QUERY_TAG = 'millrace' AUTOCOMMIT = TRUE TRANSACTION_ABORT_ON_ERROR = TRUE ERROR_ON_NONDETERMINISTIC_MERGE = TRUE QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE TIMESTAMP_INPUT_FORMAT = 'AUTO' BINARY_INPUT_FORMAT = 'HEX' STRICT_JSON_OUTPUT = TRUE LOCK_TIMEOUT = 10 STATEMENT_TIMEOUT_IN_SECONDS = 60",
    );
  });
});
