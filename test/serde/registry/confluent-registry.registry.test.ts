import {randomUUID} from 'node:crypto';
import {SchemaRegistry, SchemaType} from '@kafkajs/confluent-schema-registry';
import {afterAll, beforeAll, beforeEach, describe, expect, inject, test} from 'vitest';
import {systemClock} from '../../../src/common/clock.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {jsonSr} from '../../../src/serde/format.ts';
import {toJsonSchema} from '../../../src/serde/json-schema.ts';
import {registrySerdes} from '../../../src/serde/registry-serdes.ts';
import {ConfluentRegistry} from '../../../src/serde/registry/confluent-registry.ts';
import type {ConfluentRegistryOptions} from '../../../src/serde/registry/confluent-registry.ts';
import type {
  Compatibility,
  SchemaRegistry as Port,
} from '../../../src/serde/registry/schema-registry.ts';
import {
  array,
  bigint,
  double,
  integer,
  notNull,
  struct,
  varchar,
} from '../../../src/serde/schema.ts';
import {ApicurioRegistry} from '../../servers/apicurio-registry.ts';
import {schemaRegistrySuite} from '../../suites/schema-registry-suite.ts';

interface TestSubjects {
  readonly prefix: string;
  readonly waiting: Map<string, Compatibility>;
  readonly registered: Set<string>;
}

/**
 * The registry for one test: no other has its subjects. Levels wait for the first version of their subject, without
 * which Apicurio keeps none.
 */
class TestRegistry implements Port {
  readonly #registry = open({unchecked: () => true});
  readonly #subjects: TestSubjects;

  constructor(subjects: TestSubjects) {
    this.#subjects = subjects;
  }

  async register(subject: string, schema: string): Promise<number> {
    const id = await this.#registry.register(`${this.#subjects.prefix}${subject}`, schema);
    this.#subjects.registered.add(subject);
    const level = this.#subjects.waiting.get(subject);
    this.#subjects.waiting.delete(subject);
    if (level !== undefined) await this.setCompatibility(subject, level);
    return id;
  }

  byId(id: number): Promise<string | undefined> {
    return this.#registry.byId(id);
  }

  compatibility(subject: string): Promise<Compatibility> {
    return this.#registry.compatibility(`${this.#subjects.prefix}${subject}`);
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    if (this.#subjects.registered.has(subject))
      await this.#registry.setCompatibility(`${this.#subjects.prefix}${subject}`, level);
    else this.#subjects.waiting.set(subject, level);
  }
}

/** As Apicurio ships it, without a level of its own: one that it has holds for subjects of level NONE as well. */
let url: string;
let apicurio: ApicurioRegistry | undefined;

beforeAll(async () => {
  url = inject('schemaRegistryUrl');
  if (process.env['SCHEMA_REGISTRY_URL']) return;
  apicurio = await ApicurioRegistry.start();
  ({url} = apicurio);
  const answer = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: {'content-type': 'application/json'},
    body: '{"compatibility":"NONE"}',
  });
  if (!answer.ok) throw new Error(`PUT /config: ${answer.status}`);
});

afterAll(() => apicurio?.stop());

function open(options: Partial<ConfluentRegistryOptions> = {}): ConfluentRegistry {
  return new ConfluentRegistry({
    servers: [{url}],
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
}

const first = toJsonSchema(struct({id: notNull(varchar())}));
const other = toJsonSchema(struct({id: notNull(varchar()), name: varchar()}));
const wider = toJsonSchema(struct({id: notNull(varchar()), age: integer()}));

describe('ConfluentRegistry', () => {
  let subject: string;

  beforeEach(() => {
    subject = `${randomUUID()}-value`;
  });

  describe('against a real registry', () => {
    schemaRegistrySuite(async () => {
      const subjects: TestSubjects = {
        prefix: `${randomUUID()}-`,
        waiting: new Map(),
        registered: new Set(),
      };
      return {
        registry: new TestRegistry(subjects),
        another: async () => new TestRegistry(subjects),
        close: async () => undefined,
      };
    });
  });

  test('names what the registry refuses', async () => {
    const registry = open();
    await registry.register(subject, first);
    await registry.setCompatibility(subject, 'BACKWARD');

    await expect(registry.register(subject, wider)).rejects.toMatchObject({
      name: 'FatalError',
      code: 'SCHEMA_INCOMPATIBLE',
    });
    await expect(registry.register(subject, '{"type"')).rejects.toMatchObject({
      name: 'FatalError',
      code: 'SCHEMA_INVALID',
    });
  });

  test('gives a table the level NONE, from its first version on, and keeps one that was set', async () => {
    const unchecked = open({unchecked: () => true});

    await unchecked.register(subject, first);
    await unchecked.register(subject, wider);
    expect(await open().compatibility(subject)).toBe('NONE');

    await unchecked.setCompatibility(subject, 'BACKWARD');
    await expect(unchecked.register(subject, other)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
    });
  });

  test('leaves the level of the registry to what is not a table', async () => {
    const strict = open({servers: [{url: inject('schemaRegistryUrl')}]});
    await strict.register(subject, first);

    await expect(strict.register(subject, wider)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
    });
  });

  test.each([
    '{"type":"string"}',
    '{"type":"integer","connect.type":"int64"}',
    '{"oneOf":[{"type":"null"},{"type":"string"}]}',
    '{"type":"array","items":{"type":"string"}}',
  ])('registers what has no columns: %s', async (text) => {
    const id = await open().register(subject, text);

    expect(JSON.parse((await open().byId(id)) ?? '')).toMatchObject(JSON.parse(text) as object);
    expect(await open().register(subject, text)).toBe(id);
  });

  test('tells an unknown id from a path where there is no registry', async () => {
    expect(await open().byId(2_000_000_000)).toBeUndefined();

    const elsewhere = open({servers: [{url: `${url}/elsewhere`}]});

    await expect(elsewhere.byId(2_000_000_000)).rejects.toMatchObject({
      name: 'RetriableError',
      code: 'SCHEMA_REGISTRY_UNREACHABLE',
    });
  });

  test('gives two instances that register the same at once the same id', async () => {
    const fresh = toJsonSchema(struct({[subject]: varchar()}));

    const ids = await Promise.all(Array.from({length: 6}, () => open().register(subject, fresh)));

    expect(new Set(ids).size).toBe(1);
  });

  test('carries values that the client library reads, and reads those that it writes', async () => {
    const schema = struct({
      id: notNull(varchar()),
      count: bigint(),
      share: double(),
      tags: array(notNull(varchar())),
    });
    const value = {id: 'ä€😀', count: 42n, share: 0.25, tags: ['a', 'b']};
    const topic = randomUUID();
    const registry = open();
    const serdes = registrySerdes(registry, systemClock);
    const library = new SchemaRegistry({host: url}, {[SchemaType.JSON]: {strict: false}});

    const written = (await serdes.serializer(jsonSr(schema), topic, 'value')).serialize(value);
    const id = await library.getLatestSchemaId(`${topic}-value`);
    const theirs = await library.encode(id, {...value, count: 42});
    const reading = registrySerdes(open(), systemClock);
    await reading.resolve(jsonSr(schema), [theirs]);

    expect(await library.decode(written)).toEqual({...value, count: 42});
    expect(reading.deserializer(jsonSr(schema)).deserialize(theirs)).toEqual(value);
    expect(written.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, id >> 8, id & 255]));
  });
});
