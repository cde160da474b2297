import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {systemClock as clock} from '../../src/common/clock.ts';
import {silentLogger as logger} from '../../src/common/logger.ts';
import type {SchemaRegistryConfig} from '../../src/config/config.ts';
import {EmbeddedKafka} from '../../src/kafka/embedded/embedded-kafka.ts';
import {EmbeddedRegistry} from '../../src/serde/registry/embedded-registry.ts';
import {openSchemaRegistry} from '../../src/service/schema-registry.ts';
import {makeCertificates} from '../servers/certificates.ts';
import {SchemaRegistryServer} from '../support/schema-registry-server.ts';

const text = '{"type":"object","properties":{"id":{"type":"string"}}}';
const sources = [{topicPrefix: 'postgres'}];
const {signal} = new AbortController();

describe('openSchemaRegistry', () => {
  let directory: string;
  let kafka: EmbeddedKafka;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-'));
    kafka = await EmbeddedKafka.open({directory: join(directory, 'log'), clock, logger});
  });

  afterEach(async () => {
    await kafka.close();
    await rm(directory, {recursive: true});
  });

  function open(config: Partial<SchemaRegistryConfig> | undefined) {
    const complete = config && {
      servers: [],
      bearerToken: undefined,
      caLocation: undefined,
      requestTimeoutMs: 10_000,
      ...config,
    };
    return openSchemaRegistry(complete, sources, {
      kafka,
      topic: '_schemas',
      replicationFactor: 1,
      clock,
      logger,
      signal,
    });
  }

  test('opens the embedded registry where no other is configured', async () => {
    expect(await open(undefined)).toBeInstanceOf(EmbeddedRegistry);
  });

  test('asks the configured one, and leaves only the schemas of change events unchecked', async () => {
    const {authority, server: own} = await makeCertificates();
    const caLocation = join(directory, 'ca.pem');
    await writeFile(caLocation, authority);
    const server = await SchemaRegistryServer.start({
      authorization: `Basic ${Buffer.from('key:secret').toString('base64')}`,
      tls: {key: own.key, cert: own.certificate},
    });
    const auth = {username: 'key', password: 'secret'};
    const registry = await open({servers: [{url: server.url, auth}], caLocation});
    expect(server.requests).toEqual([]);

    for (const subject of [
      'postgres.shop.orders-key',
      'postgres.shop.orders-value',
      'postgres.shop.price_list-value',
      'orders_enriched-value',
      'postgres2.shop.orders-value',
    ])
      await registry.register(subject, text);

    expect(server.seen().filter((seen) => seen.startsWith('PUT'))).toEqual([
      'PUT /config/postgres.shop.orders-key',
      'PUT /config/postgres.shop.orders-value',
      'PUT /config/postgres.shop.price_list-value',
    ]);
    await server.stop();
  });

  test('sends the token, and gives a server as long as it is configured to', async () => {
    const server = await SchemaRegistryServer.start({authorization: 'Bearer secret'});
    const servers = [{url: server.url, auth: undefined}];
    const patient = await open({servers, bearerToken: 'secret'});
    const hasty = await open({servers, bearerToken: 'secret', requestTimeoutMs: 50});
    server.failNext('silent');

    await expect(hasty.byId(1)).rejects.toThrow('no answer in 50 ms');
    await expect(patient.register('orders_enriched-value', text)).resolves.toBe(1);
    await server.stop();
  });

  test('names authorities that cannot be read', async () => {
    const opening = open({caLocation: join(directory, 'none.pem')});

    await expect(opening).rejects.toMatchObject({name: 'FatalError', code: 'CONFIG_INVALID'});
    await expect(opening).rejects.toThrow(/ssl\.ca\.location cannot be read: ENOENT.*none\.pem/);
  });
});
