import {readFileSync} from 'node:fs';
import {afterAll, describe, expect, test} from 'vitest';
import {readEnvironment} from '../../src/config/environment-variables.ts';
import {RawConfig} from '../../src/config/raw-config.ts';
import {ConfigFolder, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

/** Every key of docs/configuration.md with the section that it stands in, and its variable. */
const documented = readFileSync('docs/configuration.md', 'utf8')
  .split(/^## /m)
  .slice(1)
  .flatMap((text) => {
    const section = /^`(.*?)`/.exec(text)?.[1];
    return [...text.matchAll(/^### `(.*)`$[^]*?^- Variable: `(.*)`$/gm)].map(
      ([, key = '', variable = '']) => ({section, key, variable}),
    );
  });

describe('readEnvironment', () => {
  test('sets each key by the variable that docs/configuration.md names', () => {
    for (const {section, key, variable} of documented) {
      const raw = new RawConfig();
      const name = section === 'sources' || section === 'sinks' ? ['my_1'] : [];

      readEnvironment({[variable.replace('<NAME>', 'MY_1')]: 'value'}, raw);

      const path = [...(section === undefined ? [] : [section]), ...name, key];
      expect(JSON.parse(JSON.stringify(raw.root)), variable).toEqual(
        path.reduceRight<unknown>((inner, at) => ({[at]: inner}), 'value'),
      );
      expect(raw.mistakes).toEqual([]);
    }
    expect(documented.length).toBeGreaterThan(150);
  });

  test('lets a variable win over the file', () => {
    const yaml = yamlWith({top: ['commit.interval.ms: 5'], source: ['database.port: 1']});

    const {commitIntervalMs, sources, sinks} = folder.load(yaml, {
      MILLRACE_COMMIT_INTERVAL_MS: '7',
      MILLRACE_SOURCES_A_DATABASE_PORT: '2',
      MILLRACE_SOURCES_A_TABLE_INCLUDE_LIST: 'a.b,a.c',
      MILLRACE_SINKS_B_INSERT_MODE: 'append',
    });

    expect(commitIntervalMs).toBe(7);
    expect(sources).toMatchObject([
      {database: {port: 2}, capture: {tableIncludeList: ['a.b', 'a.c']}},
    ]);
    expect(sinks).toMatchObject([{insertMode: 'append'}]);
  });

  test('sets the keys of the schema registry, and makes one without a file', () => {
    const set = {MILLRACE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: 'user:${not filled in}'};
    const auth = {username: 'user', password: '${not filled in}'};

    expect(folder.load(yamlWith({registry: []}), set).schemaRegistry?.servers).toEqual([
      {url: 'http://registry:8081', auth},
    ]);
    expect(
      folder.load('', {...set, MILLRACE_SCHEMA_REGISTRY_URL: 'https://a'}).schemaRegistry?.servers,
    ).toEqual([{url: 'https://a', auth}]);
    expect(folder.mistakes('', set)).toEqual([
      'environment variable MILLRACE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: schema.registry.url is required',
    ]);
  });

  test('makes a source and a sink without a file', () => {
    const {sources, sinks} = folder.load('', {
      MILLRACE_SOURCES_MY_SHOP_DATABASE_HOSTNAME: 'db',
      MILLRACE_SOURCES_MY_SHOP_DATABASE_DBNAME: 'shop',
      MILLRACE_SOURCES_MY_SHOP_DATABASE_USER: 'reader',
      MILLRACE_SOURCES_MY_SHOP_DATABASE_PASSWORD: '${not filled in}',
      MILLRACE_SOURCES_MY_SHOP_TOPIC_PREFIX: 'postgres',
      MILLRACE_SOURCES_MY_SHOP_SLOT_NAME: 'camel',
      MILLRACE_SOURCES_MY_SHOP_TABLE_INCLUDE_LIST: 'public.orders',
      MILLRACE_SINKS_DATABASE_DATABASE: '/tmp/w.duckdb',
      MILLRACE_SINKS_DATABASE_CONNECTOR: 'duckdb',
      MILLRACE_SINKS_DATABASE_TOPICS: 'orders_enriched',
    });

    expect(sources).toMatchObject([
      {name: 'my_shop', slotName: 'camel', database: {password: '${not filled in}'}},
    ]);
    expect(sinks).toMatchObject([{name: 'database', database: '/tmp/w.duckdb'}]);
  });

  test('finds the name in the file that the capitals stand for', () => {
    const yaml = yamlWith({}).replace('  a:', '  Shop-1.eu:');

    const {sources} = folder.load(yaml, {MILLRACE_SOURCES_SHOP_1_EU_SLOT_NAME: 'other'});

    expect(sources).toMatchObject([{name: 'Shop-1.eu', slotName: 'other'}]);
  });

  test('counts an empty variable as not set', () => {
    const environment = {MILLRACE_SEMANTICS: '', MILLRACE_NO_SUCH_KEY: ''};

    expect(folder.load('semantics: ksqldb', environment).semantics).toBe('ksqldb');
  });

  test('takes away what is wrong with the value in the file', () => {
    const yaml = yamlWith({
      top: ['num.partitions: x'],
      source: ['database.password: ${PASSWORD}', 'slot.name: *camel'],
    });

    expect(folder.mistakes(yaml)).toHaveLength(3);
    expect(
      folder.mistakes(yaml, {
        MILLRACE_NUM_PARTITIONS: '2',
        MILLRACE_SOURCES_A_DATABASE_PASSWORD: 'secret',
        MILLRACE_SOURCES_A_SLOT_NAME: 'camel',
      }),
    ).toEqual([]);
  });

  test('checks the value that it puts in the place of a wrong one', () => {
    expect(folder.mistakes('num.partitions: *x', {MILLRACE_NUM_PARTITIONS: 'y'})).toEqual([
      'environment variable MILLRACE_NUM_PARTITIONS: num.partitions: expected an integer from 1 to 1024',
    ]);
  });

  test('names the variable of a wrong value, after the mistakes of the file', () => {
    const yaml = yamlWith({sink: ['batch.size: x']});

    expect(
      folder.mistakes(yaml, {
        MILLRACE_SEMANTICS: 'sql',
        MILLRACE_SOURCES_A_DATABASE_PORT: '0',
        MILLRACE_SINKS_LAKE_CONNECTOR: 'delta',
        MILLRACE_SINKS_LAKE_TOPICS: 'a b',
      }),
    ).toEqual([
      '11:17: sinks.b.batch.size: expected an integer from 1 to 1000000',
      'environment variable MILLRACE_SEMANTICS: semantics: expected one of `cdc`, `ksqldb`',
      'environment variable MILLRACE_SOURCES_A_DATABASE_PORT: sources.a.database.port: expected an integer from 1 to 65535',
      'environment variable MILLRACE_SINKS_LAKE_CONNECTOR: sinks.lake.connector: `delta` is not supported yet; expected one of `duckdb`, `snowflake`, `databricks`',
    ]);
  });

  test('says what a source that only variables make still needs', () => {
    expect(folder.mistakes('', {MILLRACE_SOURCES_A_DATABASE_HOSTNAME: 'db'})).toContain(
      'environment variable MILLRACE_SOURCES_A_DATABASE_HOSTNAME: sources.a.slot.name is required',
    );
  });

  test.each([
    ['MILLRACE_SEMANTIC', 'did you mean MILLRACE_SEMANTICS?'],
    ['MILLRACE_SOURCES_A_DATABASE_PROT', 'did you mean MILLRACE_SOURCES_A_DATABASE_PORT?'],
    ['MILLRACE_SINKS_B_INSERTMODE', 'did you mean MILLRACE_SINKS_B_INSERT_MODE?'],
    ['MILLRACE_SOURCES_DATABASE_HOSTNAME', 'did you mean MILLRACE_SOURCES_A_DATABASE_HOSTNAME?'],
    ['MILLRACE_SOURCES', 'docs/configuration.md lists them'],
    ['MILLRACE_SCHEMA_REGISTRY_ULR', 'did you mean MILLRACE_SCHEMA_REGISTRY_URL?'],
    ['MILLRACE_COLOUR', 'docs/configuration.md lists them'],
  ])('refuses %s: %s', (variable, hint) => {
    expect(folder.mistakes(yamlWith({}), {[variable]: 'x'})).toEqual([
      `environment variable ${variable}: sets no key; ${hint}`,
    ]);
  });

  test('ignores what Kubernetes sets beside services whose names start with millrace', () => {
    const links = {
      MILLRACE_SERVICE_HOST: '10.0.0.1',
      MILLRACE_SERVICE_PORT: '8080',
      MILLRACE_SERVICE_PORT_HTTP: '8080',
      MILLRACE_PORT: 'tcp://10.0.0.1:8080',
      MILLRACE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      MILLRACE_PORT_8080_TCP_ADDR: '10.0.0.1',
      MILLRACE_KAFKA_SERVICE_HOST: '10.0.0.1',
      MILLRACE_KAFKA_PORT: 'tcp://10.0.0.1:9092',
    };

    expect(folder.mistakes('', links)).toEqual([]);
    expect(folder.mistakes('', {MILLRACE_PORT: '8080'})).toHaveLength(1);
  });

  test('takes names that JavaScript knows for names', () => {
    expect(folder.mistakes('', {MILLRACE_SOURCES___PROTO___SLOT_NAME: 'x'})[0]).toContain(
      'sources.__proto__',
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('reads no other variables', () => {
    expect(folder.load('', {SEMANTICS: 'ksqldb', millrace_semantics: 'ksqldb'}).semantics).toBe(
      'cdc',
    );
  });
});
