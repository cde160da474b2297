import {describe, expect, test} from 'vitest';
import {eventNeeds} from '../../../src/cdc/check/event-needs.ts';
import {connectorDefaults} from '../../../src/cdc/connector-options.ts';
import type {ConnectorOptions} from '../../../src/cdc/connector-options.ts';
import {eventEncoding} from '../../../src/cdc/events/event-encoding.ts';
import {OnceWarnings} from '../../../src/cdc/once-warnings.ts';
import type {Relation, RelationColumn} from '../../../src/cdc/replication-source.ts';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {TopicAdmin} from '../../../src/kafka/client.ts';
import type {SchemaRegistry} from '../../../src/serde/registry/schema-registry.ts';
import {troubles} from '../../support/check-results.ts';

const options: ConnectorOptions = {
  name: 'camel',
  slotName: 'camel',
  dbname: 'shop',
  topicPrefix: 'postgres',
  afterStateOnly: false,
  keyFormat: 'JSON_SR',
  valueFormat: 'JSON_SR',
  numPartitions: 3,
  replicationFactor: 2,
  snapshotMode: 'initial',
};

function column(name: string, typeName = 'int4'): RelationColumn {
  return {name, typeOid: 23, typeModifier: -1, typeName, nullable: name !== 'id'};
}

function relation(table: string, ...columns: readonly RelationColumn[]): Relation {
  return {
    oid: table.length,
    schema: 'shop',
    table,
    columns: [column('id'), ...columns],
    primaryKey: ['id'],
    replicaIdentity: 'default',
  };
}

const names = (of: ReturnType<typeof eventNeeds>): readonly string[] =>
  of.topics.map(({spec}) => spec.name);

/** What the connector itself makes and registers for a table. */
async function registered(of: Relation, connector: ConnectorOptions): Promise<unknown> {
  const seen: {subject: string; schema: string}[] = [];
  const admin = {
    describeTopics: async () => [],
    ensureTopics: async () => undefined,
  } as unknown as TopicAdmin;
  const registry = {
    register: async (subject: string, schema: string) => seen.push({subject, schema}),
  } as unknown as SchemaRegistry;
  const encoding = eventEncoding(
    {...connectorDefaults, ...connector},
    '1',
    admin,
    registry,
    systemClock,
    silentLogger,
    new OnceWarnings(silentLogger),
  );
  await encoding.encoders.prepare(of);
  return seen;
}

describe('eventNeeds', () => {
  test.each([
    ['envelopes', options],
    ['rows', {...options, afterStateOnly: true}],
    ['the profile of 1.9', {...options, events: {profile: '1'}}],
    ['other keys', {...options, events: {messageKeyColumns: 'shop.orders:total'}}],
    ['no schema for keys', {...options, keyFormat: 'JSON'}],
  ] satisfies [string, ConnectorOptions][])(
    'are what the connector makes and registers: %s',
    async (_name, connector) => {
      const orders = relation('orders', column('total', 'numeric'));

      const needs = eventNeeds([orders], connector);

      expect(needs.topics).toEqual([
        {
          spec: {
            name: 'postgres.shop.orders',
            partitions: 3,
            cleanupPolicy: 'delete',
            replicationFactor: 2,
          },
          isExact: false,
          isCreated: true,
          operations: ['WRITE'],
        },
      ]);
      expect(needs.subjects).toEqual(await registered(orders, connector));
      expect(needs.results).toEqual([]);
    },
  );

  test('have the records beside the events, where they are configured', () => {
    const needs = eventNeeds([], {
      ...options,
      events: {provideTransactionMetadata: true},
      heartbeat: {intervalMs: 1000, topicsPrefix: '__beat'},
    });

    expect(names(needs)).toEqual(['postgres.transaction', '__beat.postgres']);
    expect(needs.subjects.map(({subject}) => subject)).toEqual([
      'postgres.transaction-key',
      'postgres.transaction-value',
      '__beat.postgres-key',
      '__beat.postgres-value',
    ]);
    expect(names(eventNeeds([], options))).toEqual([]);
  });

  test('warn of columns whose type is left out, and name a key that events cannot carry', () => {
    const orders = relation('orders', column('shape', 'polygon'));
    const places = {...relation('places', column('at', 'polygon')), primaryKey: ['at']};

    expect(troubles(eventNeeds([orders, places], options).results)).toEqual([
      'warning table shop.orders: shop.orders.shape: the type polygon is not supported; the column is left out -> to have its text as bytes set include.unknown.datatypes: true; to leave it out without a warning, column.exclude.list: shop.orders.shape',
      expect.stringMatching(/^warning table shop.places/),
      expect.stringMatching(
        /^failed table shop.places: shop.places: key column at has the type polygon/,
      ),
    ]);
  });

  test('name tables that come to one topic', () => {
    const results = eventNeeds([relation('a b'), relation('a_b')], options).results;

    expect(troubles(results)).toEqual([
      expect.stringMatching(
        /^failed table shop.a_b: shop.a b and shop.a_b would both be written to the topic postgres.shop.a_b/,
      ),
    ]);
  });
});
