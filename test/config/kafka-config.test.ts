import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {kafkaSchema} from '../../src/config/kafka-schema.ts';
import type {KafkaConfig} from '../../src/config/kafka-config.ts';
import {ConfigFolder} from './config-folder.ts';

const folder = new ConfigFolder();
afterAll(() => folder.remove());

const servers = 'bootstrap.servers: a:9092';
const sasl = ['security.protocol: SASL_SSL', 'sasl.username: u', 'sasl.password: hunter2'];
const oauth = [
  'security.protocol: SASL_SSL',
  'sasl.mechanism: OAUTHBEARER',
  'sasl.oauthbearer.token.endpoint.url: https://login/token',
  'sasl.oauthbearer.client.id: me',
  'sasl.oauthbearer.client.secret: hunter2',
];

function yaml(lines: readonly string[]): string {
  return ['kafka:', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

function load(...lines: readonly string[]): KafkaConfig | undefined {
  return folder.load(yaml([servers, ...lines])).kafka;
}

function mistakes(...lines: readonly string[]): readonly string[] {
  return folder.mistakes(yaml([servers, ...lines]));
}

interface Case {
  readonly lines: readonly string[];
  readonly read: (config: KafkaConfig) => unknown;
  readonly value: unknown;
}

/** One value of each key, with what it needs. */
const cases: Readonly<Record<string, Case>> = {
  'bootstrap.servers': {
    lines: [],
    read: (c) => c.bootstrapServers,
    value: ['a:9092'],
  },
  'security.protocol': {
    lines: ['security.protocol: SSL'],
    read: (c) => c.tls,
    value: {ca: undefined, certificate: undefined, key: undefined, keyPassword: undefined},
  },
  'sasl.mechanism': {
    lines: [...sasl, 'sasl.mechanism: SCRAM-SHA-512'],
    read: (c) => c.sasl,
    value: {mechanism: 'SCRAM-SHA-512', username: 'u', password: 'hunter2'},
  },
  'sasl.username': {
    lines: sasl,
    read: (c) => c.sasl,
    value: {mechanism: 'PLAIN', username: 'u', password: 'hunter2'},
  },
  'sasl.password': {
    lines: ['security.protocol: SASL_PLAINTEXT', 'sasl.username: u', 'sasl.password: "p:w"'],
    read: (c) => [c.sasl, c.tls],
    value: [{mechanism: 'PLAIN', username: 'u', password: 'p:w'}, undefined],
  },
  'sasl.oauthbearer.token.endpoint.url': {
    lines: oauth,
    read: (c) => c.sasl,
    value: {
      mechanism: 'OAUTHBEARER',
      tokenEndpoint: 'https://login/token',
      clientId: 'me',
      clientSecret: 'hunter2',
      scope: undefined,
    },
  },
  'sasl.oauthbearer.client.id': {
    lines: oauth,
    read: (c) => c.sasl,
    value: expect.objectContaining({clientId: 'me'}),
  },
  'sasl.oauthbearer.client.secret': {
    lines: oauth,
    read: (c) => c.sasl,
    value: expect.objectContaining({clientSecret: 'hunter2'}),
  },
  'sasl.oauthbearer.scope': {
    lines: [...oauth, 'sasl.oauthbearer.scope: kafka'],
    read: (c) => c.sasl,
    value: expect.objectContaining({scope: 'kafka'}),
  },
  'ssl.ca.location': {
    lines: ['security.protocol: SSL', 'ssl.ca.location: ca.pem'],
    read: (c) => c.tls?.ca,
    value: join(folder.path, 'ca.pem'),
  },
  'ssl.certificate.location': {
    lines: ['security.protocol: SSL', 'ssl.certificate.location: c.pem', 'ssl.key.location: k.pem'],
    read: (c) => c.tls?.certificate,
    value: join(folder.path, 'c.pem'),
  },
  'ssl.key.location': {
    lines: [
      'security.protocol: SSL',
      'ssl.certificate.location: c.pem',
      'ssl.key.location: /k.pem',
    ],
    read: (c) => c.tls?.key,
    value: '/k.pem',
  },
  'ssl.key.password': {
    lines: ['security.protocol: SSL', 'ssl.key.password: hunter2'],
    read: (c) => c.tls?.keyPassword,
    value: 'hunter2',
  },
  'client.id': {lines: ['client.id: mill'], read: (c) => c.clientId, value: 'mill'},
  'group.instance.id': {
    lines: ['group.instance.id: one'],
    read: (c) => c.groupInstanceId,
    value: 'one',
  },
  'session.timeout.ms': {
    lines: ['session.timeout.ms: 45000'],
    read: (c) => c.sessionTimeoutMs,
    value: 45_000,
  },
  'transaction.timeout.ms': {
    lines: ['transaction.timeout.ms: 20000'],
    read: (c) => c.transactionTimeoutMs,
    value: 20_000,
  },
  'default.api.timeout.ms': {
    lines: ['default.api.timeout.ms: 5000'],
    read: (c) => c.apiTimeoutMs,
    value: 5000,
  },
  'request.timeout.ms': {
    lines: ['request.timeout.ms: 5000'],
    read: (c) => c.requestTimeoutMs,
    value: 5000,
  },
  'compression.type': {
    lines: ['compression.type: zstd'],
    read: (c) => c.compression,
    value: 'zstd',
  },
  'max.request.size': {
    lines: ['max.request.size: 16384'],
    read: (c) => c.maxRequestSize,
    value: 16_384,
  },
  'min.insync.replicas': {
    lines: ['min.insync.replicas: 2'],
    read: (c) => c.minInsyncReplicas,
    value: 2,
  },
};

describe('kafka', () => {
  test('has no key that is not tried below', () => {
    expect(Object.keys(kafkaSchema.shape).toSorted()).toEqual(Object.keys(cases).toSorted());
  });

  test.each(Object.entries(cases))('takes %s', (_key, {lines, read, value}) => {
    const config = load(...lines);

    expect(config && read(config)).toEqual(value);
  });

  test('is the embedded log where the section is left out', () => {
    expect(folder.load('').kafka).toBeUndefined();
  });

  test('has defaults for everything but the servers', () => {
    expect(load()).toEqual({
      bootstrapServers: ['a:9092'],
      clientId: 'millrace',
      tls: undefined,
      sasl: undefined,
      groupInstanceId: undefined,
      sessionTimeoutMs: 10_000,
      transactionTimeoutMs: 10_000,
      apiTimeoutMs: 60_000,
      requestTimeoutMs: 30_000,
      compression: 'lz4',
      maxRequestSize: 1_000_000,
      minInsyncReplicas: undefined,
    });
    expect(folder.mistakes('kafka:\n  client.id: a\n')).toEqual([
      '1:1: kafka.bootstrap.servers is required',
    ]);
  });

  test.each(['a', 'a:b', 'a:', ':9092', 'a:9092,b', 'http://a:9092'])('refuses %s', (text) => {
    expect(folder.mistakes(`kafka:\n  bootstrap.servers: "${text}"\n`)).toEqual([
      '2:22: kafka.bootstrap.servers: expected brokers as `host:port`, separated by commas',
    ]);
  });

  test.each([
    [
      ['security.protocol: SASL_SSL', 'sasl.username: u'],
      'security.protocol: `SASL_SSL` with PLAIN needs `sasl.password`',
    ],
    [
      oauth.slice(0, 4),
      'security.protocol: `SASL_SSL` with OAUTHBEARER needs `sasl.oauthbearer.client.secret`',
    ],
    [['sasl.username: u'], 'sasl.username is not used with `security.protocol: PLAINTEXT`'],
    [
      [...sasl.slice(1), 'security.protocol: SASL_PLAINTEXT', 'ssl.ca.location: ca.pem'],
      'ssl.ca.location is not used with `security.protocol: SASL_PLAINTEXT`',
    ],
    [
      ['security.protocol: SSL', 'ssl.certificate.location: c.pem'],
      'ssl.certificate.location: a certificate and its key go together',
    ],
    [
      ['security.protocol: SSL', 'ssl.key.location: k.pem'],
      'ssl.key.location: a certificate and its key go together',
    ],
  ])('refuses %s', (lines, mistake) => {
    const said = mistakes(...lines);

    expect(said.join('\n')).toContain(`: kafka.${mistake}`);
    expect(said).toHaveLength(1);
    expect(said.join('\n')).not.toContain('hunter2');
  });

  test('lets the topics have more than one copy', () => {
    expect(folder.load(`replication.factor: 3\n${yaml([servers])}`).replicationFactor).toBe(3);
  });
});
