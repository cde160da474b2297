import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import type {
  ConsumedRecord,
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupOptions,
  KafkaClient,
  ProducerRecord,
  TopicAdmin,
  TopicPartition,
  TransactionalProducer,
} from '../../../src/kafka/client.ts';
import {EmbeddedKafka} from '../../../src/kafka/embedded/embedded-kafka.ts';
import {EmbeddedRegistry} from '../../../src/serde/registry/embedded-registry.ts';
import {schemaRegistrySuite} from '../../suites/schema-registry-suite.ts';

const clock = systemClock;
const text = '{"type":"string"}';

async function openKafka(directory: string): Promise<EmbeddedKafka> {
  return EmbeddedKafka.open({directory, clock, logger: silentLogger});
}

describe('EmbeddedRegistry', () => {
  let directory: string;
  let kafka: EmbeddedKafka;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-'));
    kafka = await openKafka(directory);
  });

  afterEach(async () => {
    await kafka.close();
    await rm(directory, {recursive: true});
  });

  schemaRegistrySuite(async () => ({
    registry: await EmbeddedRegistry.open({kafka, clock}),
    another: () => EmbeddedRegistry.open({kafka: kafka.connect(), clock}),
    close: async () => undefined,
  }));

  test('writes records as the Confluent registry does', async () => {
    const registry = await EmbeddedRegistry.open({kafka, clock});
    await registry.setCompatibility('orders-value', 'BACKWARD');

    await registry.register('orders-value', text);

    const records = await readAll('_schemas');
    expect(records.map(({key, value}) => [String(key), String(value)])).toEqual([
      [
        '{"keytype":"CONFIG","subject":"orders-value","magic":0}',
        '{"subject":"orders-value","compatibilityLevel":"BACKWARD"}',
      ],
      [
        '{"keytype":"SCHEMA","subject":"orders-value","version":1,"magic":1}',
        '{"subject":"orders-value","version":1,"id":1,"schemaType":"JSON","schema":"{\\"type\\":\\"string\\"}","deleted":false}',
      ],
    ]);
    const [topic] = await kafka.admin.describeTopics(['_schemas']);
    expect(topic).toMatchObject({partitions: 1, cleanupPolicy: 'compact'});
  });

  test('reads a topic that a Confluent registry has written', async () => {
    await kafka.admin.ensureTopics([{name: '_schemas', partitions: 1, cleanupPolicy: 'compact'}]);
    await write('_schemas', [
      ['{"keytype":"NOOP","magic":0}', null],
      ['{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}'],
      schema('a-value', 1, 7, '{"type":"integer"}'),
      schema('a-value', 2, 8, text, true),
      [
        '{"keytype":"CONFIG","subject":"a-value","magic":0}',
        '{"compatibilityLevel":"BACKWARD_TRANSITIVE"}',
      ],
      schema('b-value', 1, 9, '{"type":"number"}'),
      [
        '{"keytype":"DELETE_SUBJECT","subject":"b-value","magic":0}',
        '{"subject":"b-value","version":1}',
      ],
      schema('c-value', 1, 10, '{"type":"null"}'),
      ['{"keytype":"SCHEMA","subject":"c-value","version":1,"magic":1}', null],
    ]);

    const registry = await EmbeddedRegistry.open({kafka, clock});

    expect(await registry.byId(7)).toBe('{"type":"integer"}');
    expect(await registry.byId(8)).toBe(text);
    expect(await registry.byId(9)).toBe('{"type":"number"}');
    expect(await registry.compatibility('a-value')).toBe('BACKWARD');
    expect(await registry.compatibility('b-value')).toBe('NONE');
    await expect(registry.register('a-value', text)).rejects.toThrow(
      /a-value has compatibility BACKWARD, and .*no longer takes integer; undo/,
    );
    expect(await registry.register('b-value', text)).toBe(8);
    expect(await registry.register('b-value', '{"type":"boolean"}')).toBe(11);
    const last = (await readAll('_schemas')).at(-1);
    expect(String(last?.key)).toContain('"version":3');
  });

  test('knows a schema of another instance, though its last fetch was answered before that was written', async () => {
    const writer = await EmbeddedRegistry.open({kafka, clock});
    const client = new LateKafka(kafka.connect());
    const reader = await EmbeddedRegistry.open({kafka: client, clock});
    const id = await writer.register('orders-value', text);

    client.isLate = true;

    expect(await reader.byId(id)).toBe(text);
    expect(client.isLate).toBe(false);
  });

  test('keeps its schemas over a restart of the process and a compaction', async () => {
    const registry = await EmbeddedRegistry.open({kafka, clock});
    const ids = await Promise.all(
      ['string', 'integer', 'number'].map((type) =>
        registry.register('orders-value', JSON.stringify({type})),
      ),
    );
    await kafka.maintain();
    await kafka.close();
    kafka = await openKafka(directory);

    const reopened = await EmbeddedRegistry.open({kafka, clock});

    expect(await Promise.all(ids.map((id) => reopened.byId(id)))).toEqual([
      '{"type":"string"}',
      '{"type":"integer"}',
      '{"type":"number"}',
    ]);
    expect(await reopened.register('orders-value', '{"type":"boolean"}')).toBe(
      Math.max(...ids) + 1,
    );
  });

  test('reads past no open transaction of another instance, and ends it to write', async () => {
    const registry = await EmbeddedRegistry.open({kafka, clock});
    const dead = kafka.connect().transactionalProducer('_schemas-registry');
    await dead.init();
    dead.begin();
    await dead.send([
      {topic: '_schemas', partition: 0, records: [record(...schema('x', 1, 7, '{}'))]},
    ]);

    const unstable = await registry.byId(7);
    const opened = await EmbeddedRegistry.open({kafka: kafka.connect(), clock});
    const id = await registry.register('orders-value', text);

    expect(id).toBe(1);
    expect(unstable).toBeUndefined();
    expect(await opened.byId(id)).toBe(text);
    expect(await registry.byId(id)).toBe(text);
    expect(await registry.byId(7)).toBeUndefined();
    await expect(dead.commit()).rejects.toMatchObject({code: 'KAFKA_PRODUCER_FENCED'});
  });

  test('names the offset of a record that is not a registry record', async () => {
    await kafka.admin.ensureTopics([{name: '_schemas', partitions: 1, cleanupPolicy: 'compact'}]);
    await write('_schemas', [['hello', null]]);

    const opening = EmbeddedRegistry.open({kafka, clock});

    await expect(opening).rejects.toThrow(/offset 0/);
    await expect(opening).rejects.toMatchObject({code: 'KAFKA_LOG_CORRUPTED'});
  });

  async function write(
    topic: string,
    records: readonly (readonly [string, string | null])[],
  ): Promise<void> {
    const producer = kafka.transactionalProducer('test');
    await producer.init();
    producer.begin();
    await producer.send([
      {topic, partition: 0, records: records.map(([key, value]) => record(key, value))},
    ]);
    await producer.commit();
  }

  async function readAll(topic: string): Promise<ConsumedRecord[]> {
    const partition = {topic, partition: 0};
    const [offsets] = await kafka.admin.offsets([partition]);
    const fetcher = kafka.fetcher({isolation: 'read_committed'});
    fetcher.assign(partition, 0);
    const all: ConsumedRecord[] = [];
    while ((fetcher.position(partition) ?? 0) < (offsets?.latest ?? 0)) {
      for (const {records} of await fetcher.poll(100)) all.push(...records);
    }
    return all;
  }
});

/** A client whose fetchers answer once, when it is late, with what stood at their position before anything followed. */
class LateKafka implements KafkaClient {
  isLate = false;
  readonly #client: KafkaClient;

  constructor(client: KafkaClient) {
    this.#client = client;
  }

  get admin(): TopicAdmin {
    return this.#client.admin;
  }

  transactionalProducer(transactionalId: string): TransactionalProducer {
    return this.#client.transactionalProducer(transactionalId);
  }

  groupMember(options: GroupOptions): GroupMember {
    return this.#client.groupMember(options);
  }

  fetcher(options: FetcherOptions): Fetcher {
    const fetcher = this.#client.fetcher(options);
    const assigned: TopicPartition[] = [];
    return {
      assign: (partition, offset) => {
        assigned.push(partition);
        fetcher.assign(partition, offset);
      },
      unassign: (partition) => fetcher.unassign(partition),
      pause: (partition) => fetcher.pause(partition),
      resume: (partition) => fetcher.resume(partition),
      position: (partition) => fetcher.position(partition),
      poll: async (maxWaitMs, signal) => {
        if (!this.isLate) return fetcher.poll(maxWaitMs, signal);
        this.isLate = false;
        return assigned.map((partition) => {
          const position = fetcher.position(partition) ?? 0;
          return {
            ...partition,
            records: [],
            position,
            highWatermark: position,
            lastStableOffset: position,
            sentAt: 0,
            arrivedAt: 0,
          };
        });
      },
      close: () => fetcher.close(),
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function record(key: string, value: string | null): ProducerRecord {
  return {
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    timestamp: 0,
    headers: [],
  };
}

function schema(
  subject: string,
  version: number,
  id: number,
  schemaText: string,
  deleted = false,
): readonly [string, string] {
  return [
    JSON.stringify({keytype: 'SCHEMA', subject, version, magic: 1}),
    JSON.stringify({subject, version, id, schemaType: 'JSON', schema: schemaText, deleted}),
  ];
}
