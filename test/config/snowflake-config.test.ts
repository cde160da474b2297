import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {sinkKeys} from '../../src/config/sink-keys.ts';
import {sinkSchemas} from '../../src/config/sink-schema.ts';
import type {SnowflakeConfig} from '../../src/config/snowflake-config.ts';
import {ConfigFolder} from './config-folder.ts';
import {anyText, choice, range} from './key-case.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const required = [
  'account: acme-loading',
  'user: loader',
  'private.key.file: key.p8',
  'warehouse: LOADING',
  'database: ANALYTICS',
];

/** A file with a Snowflake sink `snow` that has what it needs, and these lines in place of others. */
function yaml(lines: readonly string[] = [], without: readonly string[] = []): string {
  const keys = new Set([...lines.map((line) => line.split(':')[0]), ...without]);
  const rest = required.filter((line) => !keys.has(line.split(':')[0] ?? ''));
  return ['sinks:', '  snow:', '    connector: snowflake', '    topics: orders_enriched']
    .concat([...lines, ...rest].map((line) => `    ${line}`))
    .join('\n');
}

function read(lines: readonly string[] = [], without: readonly string[] = []): SnowflakeConfig {
  const [sink] = folder.load(yaml(lines, without)).sinks;
  if (sink?.connector !== 'snowflake') throw new Error('no Snowflake sink');
  return sink.snowflake;
}

/** A key in PEM on one line, as YAML has it in double quotes. */
const pem = '"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"';

const noKey = ['private.key.file'];

interface Case {
  readonly good: readonly (readonly [string, unknown])[];
  readonly bad: readonly string[];
  readonly expected: string;
  readonly read: (config: SnowflakeConfig) => unknown;
  readonly otherwise?: unknown;
  /** Lines beside it. */
  readonly beside?: readonly string[];
  readonly without?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  account: {
    good: [
      ['acme-loading', 'acme-loading'],
      ['xy12345.eu-central-1', 'xy12345.eu-central-1'],
    ],
    bad: ['acme loading', 'https://acme', 'a..b'],
    expected: '`<organization>-<account>`, or a locator with its region, as `xy12345.eu-central-1`',
    read: ({account}) => account,
  },
  url: {
    good: [['http://127.0.0.1:8085', 'http://127.0.0.1:8085']],
    bad: ['127.0.0.1:8085', 'https://user:pw@host', 'https://host/path'],
    expected: 'an address as `https://host:443`',
    read: ({url}) => url,
    otherwise: undefined,
  },
  user: {...anyText('the name of a user'), read: ({user}) => user},
  authenticator: {
    ...choice(['snowflake_jwt', 'oauth', 'programmatic_access_token', 'snowflake']),
    good: [['oauth', {kind: 'oauth', token: 't'}]],
    read: ({credentials}) => credentials,
    beside: ['token: t'],
    without: noKey,
  },
  'private.key.file': {
    ...anyText('a path'),
    good: [
      ['key.p8', {kind: 'key-file', path: join(folder.path, 'key.p8'), passphrase: undefined}],
    ],
    read: ({credentials}) => credentials,
  },
  'private.key': {
    good: [[pem, {kind: 'key', pem: JSON.parse(pem) as string, passphrase: undefined}]],
    bad: ['MIIE', '"-----BEGIN CERTIFICATE-----"'],
    expected: 'a key in PEM, from `-----BEGIN` on',
    read: ({credentials}) => credentials,
    without: noKey,
  },
  'private.key.passphrase': {
    ...anyText('a passphrase'),
    good: [['open', {kind: 'key-file', path: join(folder.path, 'key.p8'), passphrase: 'open'}]],
    read: ({credentials}) => credentials,
  },
  password: {
    ...anyText('a password'),
    good: [['secret', {kind: 'password', password: 'secret'}]],
    read: ({credentials}) => credentials,
    without: noKey,
  },
  token: {
    good: [['t.o-k_n', {kind: 'programmatic-access-token', token: 't.o-k_n'}]],
    bad: ['a b'],
    expected: 'a token',
    read: ({credentials}) => credentials,
    without: noKey,
  },
  role: {...anyText('the name of a role'), read: ({role}) => role, otherwise: undefined},
  warehouse: {...anyText('the name of a warehouse'), read: ({warehouse}) => warehouse},
  database: {...anyText('the name of a database'), read: ({database}) => database},
  schema: {...anyText('the name of a schema'), read: ({schema}) => schema, otherwise: 'PUBLIC'},
  'preserve.case': {
    good: [['true', true]],
    bad: ['yes'],
    expected: '`true` or `false`',
    read: ({preserveCase}) => preserveCase,
    otherwise: false,
  },
  stage: {
    good: [['LOADS', 'LOADS']],
    bad: ['"@~"', 'a/b', 'a b'],
    expected: 'the name of a stage',
    read: ({stage}) => stage,
    otherwise: undefined,
  },
  'stage.threshold.bytes': {
    good: [['0', 0]],
    bad: ['-1', '1.5'],
    expected: 'an integer, 0 or more',
    read: ({stageThresholdBytes}) => stageThresholdBytes,
    otherwise: 8_388_608,
  },
  'connect.timeout.ms': {
    ...range(100, 600_000),
    read: ({connectTimeoutMs}) => connectTimeoutMs,
    otherwise: 30_000,
  },
  'statement.timeout.ms': {
    ...range(1000, 86_400_000),
    read: ({statementTimeoutMs}) => statementTimeoutMs,
    otherwise: 300_000,
  },
  'lock.timeout.ms': {
    ...range(1000, 3_600_000),
    read: ({lockTimeoutMs}) => lockTimeoutMs,
    otherwise: 60_000,
  },
};

const each = Object.entries(cases).map(([key, one]) => ({key, beside: [], without: [], ...one}));

describe('a sink with connector: snowflake', () => {
  test('has no key that is not tried below', () => {
    expect(Object.keys(sinkSchemas.snowflake.shape).toSorted()).toEqual(
      ['connector', ...Object.keys(sinkKeys), ...Object.keys(cases)].toSorted(),
    );
  });

  test.each(each.flatMap((one) => one.good.map(([text, value]) => ({...one, text, value}))))(
    'takes $key: $text',
    ({key, text, value, beside, without, read: found}) => {
      expect(found(read([`${key}: ${text}`, ...beside], without))).toEqual(value);
    },
  );

  test.each(each.flatMap((one) => one.bad.map((text) => ({...one, text}))))(
    'refuses $key: $text',
    ({key, text, expected, beside, without}) => {
      expect(folder.mistakes(yaml([`${key}: ${text}`, ...beside], without))).toEqual([
        expect.stringContaining(`: sinks.snow.${key}: expected ${expected}`),
      ]);
    },
  );

  test.each(each.filter((one) => 'otherwise' in one))('gives $key its default', (one) => {
    expect(one.read(read())).toEqual(one.otherwise);
  });

  test.each(required.filter((line) => !line.startsWith('private')))('requires %s', (line) => {
    const [key = ''] = line.split(':');

    expect(folder.mistakes(yaml([], [key]))).toEqual([
      expect.stringContaining(`: sinks.snow.${key} is required`),
    ]);
  });

  test.each<[string, readonly string[], readonly string[], string]>([
    [
      'nothing to log in with',
      [],
      noKey,
      'sinks.snow.private.key.file is required: `private.key.file`, `private.key`, `password`, `token`',
    ],
    [
      'a way to log in without what it needs',
      ['authenticator: oauth'],
      noKey,
      'sinks.snow.authenticator: `oauth` needs one: `token`',
    ],
    [
      'two things to log in with',
      ['password: secret'],
      [],
      'sinks.snow.password: there is a `private.key.file` as well; leave one of them out',
    ],
    [
      'something to log in with that is for another way',
      ['authenticator: oauth', 'password: secret'],
      noKey,
      'sinks.snow.password is not used with `authenticator: oauth`, which needs `token`',
    ],
    [
      'a passphrase without a key',
      ['private.key.passphrase: open', 'password: secret'],
      noKey,
      'sinks.snow.private.key.passphrase is not used with `password`',
    ],
    [
      'a way to log in that is not supported',
      ['authenticator: externalbrowser'],
      [],
      'sinks.snow.authenticator: `externalbrowser` is not supported yet; expected one of `snowflake_jwt`, `oauth`, `programmatic_access_token`, `snowflake`',
    ],
  ])('refuses %s', (_, lines, without, mistake) => {
    expect(folder.mistakes(yaml(lines, without))).toEqual([
      expect.stringContaining(`: ${mistake}`),
    ]);
  });

  test('names no secret in what it says', () => {
    const secret = 'hunter2';

    const mistakes = folder.mistakes(
      yaml([`password: ${secret}`, `token: ${secret}`, 'stage: a b']),
    );

    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes.join('\n')).not.toContain(secret);
  });
});
