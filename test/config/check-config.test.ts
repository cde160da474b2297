import {afterAll, describe, expect, test} from 'vitest';
import {ConfigFolder, sinkLines, sourceLines, yamlWith} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

function source(name: string, lines: readonly string[]): readonly string[] {
  return [`  ${name}:`, ...lines.map((line) => `    ${line}`)];
}

describe('checkConfig', () => {
  test('reports every kind of mistake at once, in the order of the file', () => {
    const yaml = [
      'aplication.id: millrace',
      'semantics: sql',
      'commit.interval.ms: 100ms',
      'num.partitions: 0',
      'num.partitions: 1',
      'processing.guarantee: at_least_once',
      'kafka:',
      '  bootstrap.servers: ${BROKERS}',
      'http.listen:',
      'sources:',
      '  customers:',
      '    database.hostname: ${HOST}',
      '    database.port: 65536',
      '    database.password: ${PASSWORD}',
      '    database.dbname: &shop',
      '    database.user: u',
      '    topic.prefix: a b',
      '    slot.name: Camel',
      '    batch.size: 1',
      '  products: none',
      'sinks:',
      '  lake:',
      '    connector: delta',
      '    host: ${HOST}',
      '  local:',
      '    connector: duckdb',
      '    topics: {a: b}',
    ].join('\n');

    expect(folder.mistakes(yaml, {PASSWORD: ''})).toEqual([
      '1:1: aplication.id is not a key; did you mean `application.id`?',
      '2:12: semantics: expected one of `cdc`, `ksqldb`',
      '3:21: commit.interval.ms: expected an integer from 1 to 60000',
      '4:17: num.partitions: expected an integer from 1 to 1024',
      '5:1: num.partitions stands here twice',
      '6:23: processing.guarantee: `at_least_once` is not supported yet; expected `exactly_once_v2`',
      '8:22: kafka.bootstrap.servers needs the environment variable BROKERS, which is not set',
      '9:1: http.listen is empty; expected `host:port`, as `127.0.0.1:8080`',
      '12:24: sources.customers.database.hostname needs the environment variable HOST, which is not set',
      '13:20: sources.customers.database.port: expected an integer from 1 to 65535',
      '14:24: sources.customers.database.password needs the environment variable PASSWORD, which is empty',
      '15:5: sources.customers.database.dbname: YAML reads this as an anchor; quote text that starts with `&`',
      '17:19: sources.customers.topic.prefix: expected letters, digits, `.`, `_` and `-`',
      '18:16: sources.customers.slot.name: expected lower-case letters, digits and `_`, at most 63',
      '19:5: sources.customers.batch.size does not belong here but under `sinks.<name>`',
      '20:13: sources.products: expected a section of keys',
      '23:16: sinks.lake.connector: `delta` is not supported yet; expected one of `duckdb`, `snowflake`, `databricks`',
      '27:13: sinks.local.topics: expected names of topics, separated by commas',
    ]);
  });

  test.each([
    ['top', 'data_dir: x', 'data_dir is not a key; did you mean `data.dir`?'],
    ['top', 'data: {dir: x}', 'data is not a key; keys are written whole, as `data.dir: …`'],
    ['top', 'source: {}', 'source is not a key; did you mean `sources`?'],
    ['top', 'schema: {}', 'schema is not a key; keys are written whole, as `schema.registry: …`'],
    ['top', 'slot.name: x', 'slot.name does not belong here but under `sources.<name>`'],
    ['top', 'connector: x', 'connector does not belong here but under `sinks.<name>`'],
    ['top', 'max.queue.size: 1', 'max.queue.size is not a key; docs/configuration.md lists them'],
    [
      'top',
      'sources.a.slot.name: x',
      'sources.a.slot.name is not a key; `sources:` has names under it, with their keys',
    ],
    [
      'top',
      'kafka.bootstrap.servers: x',
      'kafka.bootstrap.servers is not a key; `kafka:` has its keys under it',
    ],
    [
      'top',
      'schema.registry.url: x',
      'schema.registry.url is not a key; `schema.registry:` has its keys under it',
    ],
    [
      'top',
      'basic.auth.user.info: x',
      'basic.auth.user.info does not belong here but under `schema.registry`',
    ],
    ['top', '__proto__: x', '__proto__ is not a key; docs/configuration.md lists them'],
    ['top', 'constructor: x', 'constructor is not a key; docs/configuration.md lists them'],
    [
      'source',
      'tableIncludeList: x',
      'sources.a.tableIncludeList is not a key; did you mean `table.include.list`?',
    ],
    ['source', 'port: 1', 'sources.a.port is not a key; did you mean `database.port`?'],
    [
      'source',
      'database: {port: 1}',
      'sources.a.database is not a key; keys are written whole, as `database.hostname: …`',
    ],
    ['source', 'semantics: cdc', 'sources.a.semantics does not belong here but at the top level'],
    ['sink', 'slot.name: x', 'sinks.b.slot.name does not belong here but under `sources.<name>`'],
    ['registry', 'uri: x', 'schema.registry.uri is not a key; did you mean `url`?'],
    [
      'registry',
      'database.port: x',
      'schema.registry.database.port does not belong here but under `sources.<name>`',
    ],
    ['sink', 'topic: x', 'sinks.b.topic is not a key; did you mean `topics`?'],
  ] as const)('refuses an unknown key in %s: %s', (part, line, mistake) => {
    expect(folder.mistakes(yamlWith({[part]: [line]}))).toEqual([
      expect.stringMatching(/^\d+:[135]: /),
    ]);
    expect(folder.mistakes(yamlWith({[part]: [line]}))[0]).toMatch(
      new RegExp(`: ${escape(mistake)}$`),
    );
  });

  test('counts a misspelled key that is required as one mistake', () => {
    const yaml = yamlWith({}).replace('slot.name:', 'slot_name:');

    expect(folder.mistakes(yaml)).toEqual([
      '8:5: sources.a.slot_name is not a key; did you mean `slot.name`?',
    ]);
  });

  test('still reports a wrong value beside a misspelled key that means the same', () => {
    expect(folder.mistakes(yamlWith({source: ['slot_name: camel', 'slot.name: Camel']}))).toEqual([
      '3:5: sources.a.slot_name is not a key; did you mean `slot.name`?',
      '4:16: sources.a.slot.name: expected lower-case letters, digits and `_`, at most 63',
    ]);
  });

  test.each([
    ['sources:', '1:1: sources: expected names with keys under each: `sources: {<name>: {…}}`'],
    ['sources: a', '1:10: sources: expected names with keys under each: `sources: {<name>: {…}}`'],
    [
      'sources: [a]',
      '1:10: sources: expected names with keys under each: `sources: {<name>: {…}}`',
    ],
    ['sources: {}', '1:10: sources is empty; leave it out for the embedded Postgres'],
    ['sinks:\n- a', '2:1: sinks: expected names with keys under each: `sinks: {<name>: {…}}`'],
    ['schema.registry:', '1:1: schema.registry: expected a section of keys'],
    ['schema.registry: http://a', '1:18: schema.registry: expected a section of keys'],
    ['schema.registry: {}', '1:1: schema.registry.url is required'],
    ['sinks: {a: }', '1:9: sinks.a: expected a section of keys'],
    ['sinks: {a: [b]}', '1:12: sinks.a: expected a section of keys'],
  ])('wants sections where there are sections: %j', (yaml, mistake) => {
    expect(folder.mistakes(yaml)).toEqual([mistake]);
  });

  test.each([
    ['"-a"', '-a'],
    ['__proto__', '__proto__'],
    ['a b', '…'],
    ['a/b', '…'],
    ['ä', '…'],
    ['a'.repeat(101), '…'],
  ])('refuses %s as the name of a sink', (name, shown) => {
    const yaml = ['sinks:', ...source(name, sinkLines)].join('\n');

    expect(folder.mistakes(yaml)).toEqual([
      `2:3: sinks.${shown}: expected a name of letters, digits, \`.\`, \`_\` and \`-\`, at most 100`,
    ]);
  });

  test('takes names that JavaScript knows for names', () => {
    const yaml = ['sinks:', ...source('constructor', sinkLines)].join('\n');

    expect(folder.load(yaml).sinks).toMatchObject([{name: 'constructor'}]);
  });

  test('says nothing of what stands under a key that takes text, which may be a secret', () => {
    const yaml = yamlWith({source: ['database.password: {hunter2: "${NOT_SET}", "hunter2": x}']});

    expect(folder.mistakes(yaml)).toEqual([
      '3:24: sources.a.database.password: expected a password',
    ]);
  });

  test.each(['database.password hunter2: x', '"hunter2!": x', '"database.password:hunter2": x'])(
    'does not repeat a key that does not look like one, as a password that lacks a colon: %s',
    (line) => {
      expect(folder.mistakes(yamlWith({source: [line]}))).toEqual([
        '3:5: sources.a.… is not a key; docs/configuration.md lists them',
      ]);
    },
  );

  test.each([
    [
      ['url: "http://u:100%@a"'],
      '14:8: schema.registry.url: expected addresses as `https://host:8081`; in the user and the password, `%`, `@`, `/`, `:` and `,` are written `%25`, `%40`, `%2F`, `%3A` and `%2C`',
    ],
    [
      ['url: http://a:99999'],
      '14:8: schema.registry.url: expected addresses as `https://host:8081`;',
    ],
    [
      ['basic.auth.credentials.source: USER_INFO'],
      '14:34: schema.registry.basic.auth.credentials.source: `USER_INFO` needs `basic.auth.user.info`',
    ],
    [
      ['basic.auth.credentials.source: URL', 'basic.auth.user.info: u:p'],
      '15:25: schema.registry.basic.auth.user.info is not used with `basic.auth.credentials.source: URL`; leave one of them out',
    ],
    [
      ['bearer.auth.credentials.source: STATIC_TOKEN'],
      '14:35: schema.registry.bearer.auth.credentials.source: `STATIC_TOKEN` needs `bearer.auth.token`',
    ],
    [
      ['bearer.auth.token: t', 'basic.auth.user.info: u:p'],
      '14:22: schema.registry.bearer.auth.token: there is a user as well; leave one of them out',
    ],
    [
      ['bearer.auth.token: t', 'url: http://u:p@a'],
      '14:22: schema.registry.bearer.auth.token: there is a user as well; leave one of them out',
    ],
  ])('checks the keys of the schema registry together: %j', (lines, mistake) => {
    expect(folder.mistakes(yamlWith({registry: lines}))).toEqual([
      expect.stringContaining(mistake),
    ]);
  });

  test('takes the user of the schema registry from each address', () => {
    const registry = [
      'url: "http://a%3A:p%40%2Fs%3As@one/, https://two:1, http://b:p:q@three"',
      'basic.auth.credentials.source: URL',
    ];

    expect(folder.load(yamlWith({registry})).schemaRegistry?.servers).toEqual([
      {url: 'http://one', auth: {username: 'a:', password: 'p@/s:s'}},
      {url: 'https://two:1', auth: undefined},
      {url: 'http://three', auth: {username: 'b', password: 'p:q'}},
    ]);
  });

  test('refuses more copies than the embedded log has', () => {
    expect(folder.mistakes('replication.factor: 3')).toEqual([
      '1:21: replication.factor: the embedded log has one copy; leave the key out',
    ]);
  });

  test.each(['0.0.0.0:8080', '"[::]:8080"', '10.1.2.3:80', 'db.example.com:80', '128.0.0.1:80'])(
    'wants a token, or the word that none is wanted, where others reach http.listen: %s',
    (listen) => {
      const line = `http.listen: ${listen}`;

      expect(folder.mistakes(line)).toEqual([
        '1:14: http.listen: other machines reach this address; set `http.auth.token`, or write `http.auth: none` where something else guards it',
      ]);
      expect(folder.mistakes('', {MILLRACE_HTTP_LISTEN: listen.replaceAll('"', '')})).toEqual([
        expect.stringMatching(/^environment variable MILLRACE_HTTP_LISTEN: http\.listen: other /),
      ]);
      expect(folder.load(`${line}\nhttp.auth: none`).http.token).toBeUndefined();
      expect(folder.load(`${line}\nhttp.auth.token: \${T}`, {T: '12345678'}).http.token).toBe(
        '12345678',
      );
    },
  );

  test.each([
    '127.0.0.1:8080',
    '127.9.9.9:80',
    'localhost:0',
    'LOCALHOST:0',
    '"[::1]:80"',
    '"[0:0:0:0:0:0:0:1]:80"',
  ])('wants no token where only this machine reaches http.listen: %s', (listen) => {
    expect(folder.mistakes(`http.listen: ${listen}`)).toEqual([]);
  });

  test('says nothing of who may ask while that is wrong in itself', () => {
    expect(folder.mistakes('http.listen: 0.0.0.0:1\nhttp.auth.token: short')).toEqual([
      '2:18: http.auth.token: expected a token of 8 characters or more, as `openssl rand -hex 32` makes it',
    ]);
    expect(folder.mistakes('http.listen: 0.0.0.0:1\nhttp.auth: ${AUTH}')).toEqual([
      '2:12: http.auth needs the environment variable AUTH, which is not set',
    ]);
  });

  test('refuses a token beside the word that none is wanted', () => {
    expect(folder.mistakes('http.auth: none\nhttp.auth.token: 12345678')).toEqual([
      '1:12: http.auth: there is a `http.auth.token` as well; leave one of them out',
    ]);
  });

  test('refuses to propagate deletes under the semantics that drops them', () => {
    expect(folder.mistakes('semantics: ksqldb\norders.deletes: propagate')).toEqual([
      '2:17: orders.deletes: `propagate` needs `semantics: cdc`',
    ]);
    expect(folder.mistakes('semantics: ksqldb\norders.deletes: ignore')).toEqual([]);
  });

  test.each(['schema', 'table', 'column'])(
    'refuses a %s.include.list beside an exclude list',
    (kind) => {
      const lists = [`${kind}.include.list: a`, `${kind}.exclude.list: b`];

      expect(folder.mistakes(yamlWith({source: lists}))).toEqual([
        `4:${kind.length + 20}: sources.a.${kind}.exclude.list: there is a \`${kind}.include.list\` as well; leave one of them out`,
      ]);
    },
  );

  test('refuses two sources that read from one slot', () => {
    const yaml = [
      'sources:',
      ...source('a', sourceLines),
      ...source('b', sourceLines),
      ...source(
        'c',
        sourceLines.map((line) => line.replace('camel', 'turtle')),
      ),
    ].join('\n');

    expect(folder.mistakes(yaml)).toEqual([
      '15:16: sources.b.slot.name: source a has this slot already; each source needs one of its own',
    ]);
  });

  test('refuses dead letters that a sink reads again', () => {
    const sink = ['topics: a, b', 'errors.deadletterqueue.topic.name: b'];

    expect(folder.mistakes(yamlWith({sink}))).toEqual([
      '12:40: sinks.b.errors.deadletterqueue.topic.name: the sink reads this topic; dead letters need another one',
    ]);
  });

  test('refuses two sinks that write to one file, however it is named', () => {
    const yaml = [
      'data.dir: data',
      'sinks:',
      ...source('a', sinkLines),
      ...source('b', [...sinkLines, 'database: ./x/../data//warehouse.duckdb']),
      ...source('c', [...sinkLines, 'database: other.duckdb']),
    ].join('\n');

    expect(folder.mistakes(yaml)).toEqual([
      '9:15: sinks.b.database: sink a writes to this file already; each needs one of its own',
    ]);
  });

  test('refuses a copy of a DuckDB file in the place of one that a sink writes', () => {
    const yaml = [
      'data.dir: data',
      'sinks:',
      ...source('a', [...sinkLines, 'export.database: ./data/./warehouse.duckdb']),
      ...source('b', [...sinkLines, 'database: b.duckdb', 'export.database: copy.duckdb']),
      ...source('c', [...sinkLines, 'database: copy.duckdb']),
    ].join('\n');

    expect(folder.mistakes(yaml)).toEqual([
      '6:22: sinks.a.export.database: sink a writes to this file already; each needs one of its own',
      '15:15: sinks.c.database: sink b writes to this file already; each needs one of its own',
    ]);
  });

  test('checks together what is right although other keys are wrong', () => {
    expect(folder.mistakes('sematnics: cdc\nreplication.factor: 2')).toEqual([
      '1:1: sematnics is not a key; did you mean `semantics`?',
      '2:21: replication.factor: the embedded log has one copy; leave the key out',
    ]);
  });

  test('appends by default under ksqldb, and updates under cdc', () => {
    expect(folder.load('semantics: ksqldb').sinks).toMatchObject([{insertMode: 'append'}]);
    expect(folder.load('semantics: cdc').sinks).toMatchObject([{insertMode: 'upsert'}]);
  });
});

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
