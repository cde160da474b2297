import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {parse, parseDocument} from 'yaml';
import {loadConfig} from '../../src/config/load-config.ts';
import {ConfigFolder, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

describe('loadConfig', () => {
  test('runs the embedded demo where there is no file', () => {
    const empty = new ConfigFolder();

    expect(loadConfig({environment: {}, workingDirectory: empty.path})).toEqual({
      file: undefined,
      applicationId: 'millrace',
      dataDirectory: join(empty.path, 'data'),
      semantics: 'cdc',
      ordersDeletes: 'ignore',
      commitIntervalMs: 100,
      keepsLineage: true,
      numPartitions: 1,
      numStandbyReplicas: 0,
      replicationFactor: 1,
      errorsTolerance: 'none',
      deadLetterTopic: 'dlq-millrace',
      schemaRegistry: undefined,
      sources: undefined,
      sinks: [
        {
          name: 'local',
          connector: 'duckdb',
          topics: ['orders_enriched'],
          database: join(empty.path, 'data', 'warehouse.duckdb'),
          exportDatabase: undefined,
          exportIntervalMs: 10_000,
          insertMode: 'upsert',
          deleteEnabled: true,
          tableNameFormat: '${topic}',
          autoCreate: true,
          autoEvolve: 'evolve',
          errorsTolerance: 'none',
          deadLetterTopic: undefined,
          maxRetries: undefined,
          retryBackoffMs: 500,
          batchSize: 50_000,
          bufferBytes: 16_777_216,
          lingerMs: 0,
        },
      ],
      http: {host: '127.0.0.1', port: 8080},
      logLevel: 'warn',
      secrets: [],
    });
    empty.remove();
  });

  test('reads millrace.yaml where it exists', () => {
    expect(folder.load('semantics: ksqldb')).toMatchObject({
      file: 'millrace.yaml',
      semantics: 'ksqldb',
    });
  });

  test('has no sinks where the file says so', () => {
    expect(folder.load('sinks: {}').sinks).toEqual([]);
  });

  test('reads the file that is named, and names it in front of its mistakes', () => {
    writeFileSync(join(folder.path, 'other.yaml'), 'semantics: sql');

    expect(() =>
      loadConfig({file: './other.yaml', environment: {}, workingDirectory: folder.path}),
    ).toThrow(
      expect.objectContaining({
        name: 'FatalError',
        code: 'CONFIG_INVALID',
        message: './other.yaml:1:12: semantics: expected one of `cdc`, `ksqldb`',
      }),
    );
  });

  test('refuses a file that does not exist', () => {
    expect(() =>
      loadConfig({file: 'none.yaml', environment: {}, workingDirectory: folder.path}),
    ).toThrow(
      'none.yaml: there is no such file; give --config the path of one, or leave it out to run the embedded demo',
    );
  });

  test('refuses a file that cannot be read', () => {
    mkdirSync(join(folder.path, 'folder.yaml'), {recursive: true});

    expect(() =>
      loadConfig({file: 'folder.yaml', environment: {}, workingDirectory: folder.path}),
    ).toThrow(/^folder\.yaml: cannot be read: EISDIR/);
  });

  test('starts relative paths in the file at its folder, others at the working directory', () => {
    mkdirSync(join(folder.path, 'etc'), {recursive: true});
    const file = join(folder.path, 'etc', 'relative.yaml');
    const from = {file, workingDirectory: '/srv'};
    writeFileSync(
      file,
      'data.dir: ../data\nsinks: {b: {connector: duckdb, topics: t, database: w.duckdb}}',
    );

    const written = loadConfig({...from, environment: {}});
    const replaced = loadConfig({
      ...from,
      environment: {MILLRACE_DATA_DIR: 'data', MILLRACE_SINKS_B_DATABASE: 'w.duckdb'},
    });
    writeFileSync(file, 'semantics: cdc');
    const defaulted = loadConfig({...from, environment: {}});

    expect(written.dataDirectory).toBe(join(folder.path, 'data'));
    expect(written.sinks[0]).toHaveProperty('database', join(folder.path, 'etc', 'w.duckdb'));
    expect(replaced.dataDirectory).toBe('/srv/data');
    expect(replaced.sinks[0]).toHaveProperty('database', '/srv/w.duckdb');
    expect(defaulted.dataDirectory).toBe('/srv/data');
    expect(defaulted.sinks[0]).toHaveProperty('database', '/srv/data/warehouse.duckdb');
  });

  test('fills variables in, in sections and lists as in text', () => {
    const yaml = yamlWith({
      source: [
        'database.password: ${USER}:${PASSWORD}',
        'database.port: ${PORT}',
        'table.include.list: ["${SCHEMA}.orders", a.b]',
      ],
    });

    const {sources} = folder.load(yaml, {USER: 'u', PASSWORD: 'p', PORT: '1', SCHEMA: 's'});

    expect(sources).toMatchObject([
      {database: {password: 'u:p', port: 1}, capture: {tableIncludeList: ['s.orders', 'a.b']}},
    ]);
  });
});

const contract = readFileSync('millrace.example.yaml', 'utf8');
const contractVariables = {
  CUSTOMERS_DB_PASSWORD: 'hunter2',
  PRODUCTS_DB_PASSWORD: 'hunter3',
  KAFKA_API_KEY: 'key',
  KAFKA_API_SECRET: 'hunter1',
  SR_API_KEY: 'key',
  SR_API_SECRET: 'hunter4',
  SNOWFLAKE_ACCOUNT: 'acme-loading',
  SNOWFLAKE_USER: 'loader',
  DATABRICKS_TOKEN: 'hunter5',
};

function contractDocument() {
  return parseDocument(contract, {schema: 'failsafe'});
}

function keyPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => keyPaths(inner, [...path, name]))
    : [path];
}

describe('the configuration contract', () => {
  const paths = keyPaths(parse(contract)).map((path) => ({path, key: path.join('.')}));

  test('works as written', () => {
    expect(folder.load(contract, contractVariables)).toEqual({
      file: 'millrace.yaml',
      applicationId: 'millrace',
      dataDirectory: join(folder.path, 'data'),
      semantics: 'cdc',
      ordersDeletes: 'ignore',
      commitIntervalMs: 100,
      keepsLineage: true,
      numPartitions: 1,
      numStandbyReplicas: 0,
      replicationFactor: 1,
      errorsTolerance: 'none',
      deadLetterTopic: 'dlq-millrace',
      kafka: {
        bootstrapServers: ['broker-1:9092', 'broker-2:9092'],
        clientId: 'millrace',
        tls: {
          ca: join(folder.path, 'ca.pem'),
          certificate: undefined,
          key: undefined,
          keyPassword: undefined,
        },
        sasl: {mechanism: 'PLAIN', username: 'key', password: 'hunter1'},
        groupInstanceId: undefined,
        sessionTimeoutMs: 10_000,
        transactionTimeoutMs: 10_000,
        apiTimeoutMs: 60_000,
        requestTimeoutMs: 30_000,
        compression: 'lz4',
        maxRequestSize: 1_000_000,
        minInsyncReplicas: undefined,
      },
      schemaRegistry: {
        servers: [{url: 'https://registry:8081', auth: {username: 'key', password: 'hunter4'}}],
        bearerToken: undefined,
        caLocation: undefined,
        requestTimeoutMs: 10_000,
      },
      sources: [
        {
          name: 'customers',
          database: {
            hostname: 'customers-db',
            port: 5432,
            dbname: 'postgres',
            user: 'postgres',
            password: 'hunter2',
            sslmode: 'require',
            tls: {},
            tcpKeepAlive: true,
            connectTimeoutMs: 10_000,
          },
          topicPrefix: 'postgres',
          slotName: 'camel',
          slot: expect.objectContaining({maxRetries: 6}) as object,
          errorsMaxRetries: -1,
          heartbeat: expect.objectContaining({intervalMs: 0}) as object,
          snapshot: expect.objectContaining({mode: 'initial'}) as object,
          events: expect.objectContaining({profile: '3'}) as object,
          publicationName: 'millrace_camel',
          capture: {
            tableIncludeList: ['customers.customers', 'customers.demographics'],
            publicationMode: 'filtered',
            publishViaPartitionRoot: false,
            replicaIdentityRules: [],
          },
          types: expect.objectContaining({decimal: 'precise'}) as object,
          afterStateOnly: false,
          keyFormat: 'JSON_SR',
          valueFormat: 'JSON_SR',
        },
        {
          name: 'products',
          database: {
            hostname: 'products-db',
            port: 5432,
            dbname: 'postgres',
            user: 'postgres',
            password: 'hunter3',
            sslmode: 'disable',
            tls: {},
            tcpKeepAlive: true,
            connectTimeoutMs: 10_000,
          },
          topicPrefix: 'postgres',
          slotName: 'turtle',
          slot: expect.objectContaining({maxRetries: 6}) as object,
          errorsMaxRetries: -1,
          heartbeat: expect.objectContaining({intervalMs: 0}) as object,
          snapshot: expect.objectContaining({mode: 'initial'}) as object,
          events: expect.objectContaining({profile: '3'}) as object,
          publicationName: 'millrace_turtle',
          capture: {
            tableIncludeList: ['products.products', 'products.orders'],
            publicationMode: 'filtered',
            publishViaPartitionRoot: false,
            replicaIdentityRules: [],
          },
          types: expect.objectContaining({decimal: 'precise'}) as object,
          afterStateOnly: true,
          keyFormat: 'JSON',
          valueFormat: 'JSON_SR',
        },
      ],
      sinks: [
        {
          name: 'local',
          connector: 'duckdb',
          topics: ['orders_enriched'],
          database: join(folder.path, 'data', 'warehouse.duckdb'),
          exportDatabase: undefined,
          exportIntervalMs: 10_000,
          insertMode: 'append',
          deleteEnabled: true,
          tableNameFormat: '${topic}',
          autoCreate: true,
          autoEvolve: 'evolve',
          errorsTolerance: 'none',
          deadLetterTopic: undefined,
          maxRetries: undefined,
          retryBackoffMs: 500,
          batchSize: 50_000,
          bufferBytes: 16_777_216,
          lingerMs: 0,
        },
        expect.objectContaining({
          name: 'snow',
          connector: 'snowflake',
          insertMode: 'upsert',
          snowflake: expect.objectContaining({account: 'acme-loading'}) as object,
        }),
        expect.objectContaining({
          name: 'lake',
          connector: 'databricks',
          insertMode: 'append',
          databricks: expect.objectContaining({
            login: {kind: 'token', token: 'hunter5'},
            volume: '/Volumes/main/default/millrace',
          }) as object,
        }),
      ],
      http: {host: '127.0.0.1', port: 8080},
      logLevel: 'info',
      secrets: ['hunter1', 'key:hunter4', 'hunter4', 'hunter2', 'hunter3', 'hunter5'],
    });
  });

  // A key that did nothing would take any value.
  test.each(paths)('knows $key', ({path, key}) => {
    const document = contractDocument();
    document.setIn(path, '');

    expect(folder.mistakes(String(document), contractVariables)).toEqual([
      expect.stringContaining(`: ${key} is empty; expected `),
    ]);
  });

  test.each([['processing.guarantee', 'at_least_once', 'exactly_once_v2']])(
    'refuses %s: %s by name',
    (key, value, expected) => {
      const document = contractDocument();
      const path = [key];
      document.setIn(path, value);

      expect(folder.mistakes(String(document), contractVariables)).toEqual([
        expect.stringMatching(
          `: ${path.join('.')}: \`${value}\` is not supported yet; expected \`${expected}\`$`,
        ),
      ]);
    },
  );
});
