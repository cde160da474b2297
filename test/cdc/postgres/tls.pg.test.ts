import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, inject, test} from 'vitest';
import type {PostgresSourceOptions} from '../../../src/cdc/postgres/postgres-source-options.ts';
import {makeCertificates} from '../../servers/certificates.ts';
import type {Certificates, ServerCertificateOptions} from '../../servers/certificates.ts';
import {PostgresServer} from '../../support/postgres.ts';
import {TestSource, rowChanges} from '../../support/postgres-test-source.ts';

const major = inject('postgresMajor');
const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'));
let written = 0;

/** The server of one certificate, and what its clients need. */
interface TlsServer {
  readonly server: PostgresServer;
  readonly certificates: Certificates;
  readonly ca: string;
}

function file(text: string): string {
  const path = join(folder, `${written++}.pem`);
  writeFileSync(path, text);
  return path;
}

async function serve(
  certificate: ServerCertificateOptions = {},
  hba: readonly string[] = [],
): Promise<TlsServer> {
  const certificates = await makeCertificates(certificate);
  const server = await PostgresServer.start({major, certificates, hba});
  return {server, certificates, ca: file(certificates.authority)};
}

/** `ok` or what opening a source failed with. */
async function outcome(
  {server}: TlsServer,
  options: Partial<PostgresSourceOptions>,
): Promise<string> {
  const source = await TestSource.create(server.port, options);
  try {
    await source.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await source.open();
    return 'ok';
  } catch (error) {
    const {name, code, message} = error as Error & {code: string};
    return `${name} ${code}: ${message}`;
  } finally {
    await source[Symbol.asyncDispose]();
  }
}

afterAll(() => rmSync(folder, {recursive: true}));

describe('PostgresSource over TLS', () => {
  let right: TlsServer;

  beforeAll(async () => {
    right = await serve();
  });

  afterAll(() => right.server.stop());

  test('reads snapshot and changes over TLS, without a pause after every few records', async () => {
    await using source = await TestSource.create(right.server.port, {
      sslmode: 'verify-full',
      tls: {ca: right.ca},
    });
    await source.sql('CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (0)');
    const {from} = await source.open();
    const rows = await source.snapshotRows();
    await source.sql(`INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 8000) g`);

    let count = 0;
    let encrypted: unknown;
    const started = performance.now();
    for await (const batch of source.source.transactions(from, source.signal)) {
      encrypted ??= await source.sql(
        `SELECT ssl FROM pg_stat_ssl JOIN pg_replication_slots ON pid = active_pid WHERE slot_name = '${source.options.slotName}'`,
      );
      count += rowChanges(batch).length;
      if (count === 8000) break;
    }

    expect(rows).toHaveLength(1);
    // A pause after every few records would take ten.
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(encrypted).toEqual([{ssl: true}]);
  });

  test('takes the right certificate in every mode', async () => {
    const tls = {ca: right.ca};

    expect(await outcome(right, {sslmode: 'disable'})).toBe('ok');
    expect(await outcome(right, {sslmode: 'require'})).toBe('ok');
    expect(await outcome(right, {sslmode: 'require', tls})).toBe('ok');
    expect(await outcome(right, {sslmode: 'verify-ca', tls})).toBe('ok');
    expect(await outcome(right, {sslmode: 'verify-full', tls})).toBe('ok');
    expect(await outcome(right, {sslmode: 'verify-full', tls, hostname: 'localhost'})).toBe('ok');
  });

  test('refuses a certificate of another authority, also under require once one is named', async () => {
    const tls = {ca: file((await makeCertificates()).authority)};
    const refusal =
      /^FatalError CDC_TLS_FAILED: source .*name the authority of the server's certificate in database.sslrootcert$/;

    expect(await outcome(right, {sslmode: 'verify-ca'})).toMatch(refusal);
    expect(await outcome(right, {sslmode: 'verify-ca', tls})).toMatch(refusal);
    expect(await outcome(right, {sslmode: 'verify-full', tls})).toMatch(refusal);
    expect(await outcome(right, {sslmode: 'require', tls})).toMatch(refusal);
  });

  test('says which file cannot be read, and which is no certificate', async () => {
    const missing = {ca: join(folder, 'missing.pem')};
    const broken = {ca: right.ca, certificate: file('no PEM'), key: file('no PEM')};

    expect(await outcome(right, {sslmode: 'verify-ca', tls: missing})).toMatch(
      /^FatalError CONFIG_INVALID: database.sslrootcert cannot be read: .*missing.pem/,
    );
    expect(await outcome(right, {sslmode: 'verify-ca', tls: broken})).toMatch(
      /^FatalError CDC_TLS_FAILED: .*check the files of database.sslrootcert, database.sslcert and/,
    );
  });

  test('refuses a certificate for another host under verify-full only', async () => {
    const other = await serve({dnsName: 'db.example.com'});
    const tls = {ca: other.ca};

    expect(await outcome(other, {sslmode: 'verify-ca', tls})).toBe('ok');
    for (const hostname of ['127.0.0.1', 'localhost'])
      expect(await outcome(other, {sslmode: 'verify-full', tls, hostname})).toMatch(
        /^FatalError CDC_TLS_FAILED: .*use a name of the certificate in database.hostname, or database.sslmode: verify-ca$/,
      );
    await other.server.stop();
  });

  test('refuses a certificate that has expired', async () => {
    const old = await serve({hasExpired: true});

    for (const sslmode of ['verify-ca', 'verify-full'] as const)
      expect(await outcome(old, {sslmode, tls: {ca: old.ca}})).toMatch(
        /^FatalError CDC_TLS_FAILED: .*renew the server's certificate/,
      );
    expect(await outcome(old, {sslmode: 'require'})).toBe('ok');
    await old.server.stop();
  });

  test('shows its own certificate to a server that wants one', async () => {
    const {certificates, ...strict} = await serve({}, [
      'hostssl all postgres 127.0.0.1/32 trust clientcert=verify-ca',
      'hostssl replication postgres 127.0.0.1/32 trust clientcert=verify-ca',
    ]);
    const server = {certificates, ...strict};
    const other = (await makeCertificates()).client;
    const tlsOf = ({key, certificate}: Certificates['client']) => ({
      ca: strict.ca,
      key: file(key),
      certificate: file(certificate),
    });

    expect(await outcome(server, {sslmode: 'verify-full', tls: tlsOf(certificates.client)})).toBe(
      'ok',
    );
    expect(await outcome(server, {sslmode: 'verify-full', tls: {ca: strict.ca}})).toMatch(
      /^FatalError CDC_AUTHENTICATION_FAILED: .*set database.sslcert and database.sslkey/,
    );
    expect(await outcome(server, {sslmode: 'verify-full', tls: tlsOf(other)})).toMatch(
      /^FatalError CDC_TLS_FAILED: .*check database.sslcert, database.sslkey and its ssl_ca_file$/,
    );
    await strict.server.stop();
  });
});
