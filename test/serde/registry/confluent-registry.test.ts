import {SchemaRegistry, SchemaType} from '@kafkajs/confluent-schema-registry';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {messageOf} from '../../../src/common/errors.ts';
import {silentLogger} from '../../../src/common/logger.ts';
import {jsonSr} from '../../../src/serde/format.ts';
import {toJsonSchema} from '../../../src/serde/json-schema.ts';
import {registrySerdes} from '../../../src/serde/registry-serdes.ts';
import {ConfluentRegistry} from '../../../src/serde/registry/confluent-registry.ts';
import type {ConfluentRegistryOptions} from '../../../src/serde/registry/confluent-registry.ts';
import {
  array,
  bigint,
  double,
  integer,
  notNull,
  struct,
  varchar,
} from '../../../src/serde/schema.ts';
import {makeCertificates} from '../../servers/certificates.ts';
import {schemaRegistrySuite} from '../../suites/schema-registry-suite.ts';
import {ManualClock} from '../../support/manual-clock.ts';
import {SchemaRegistryServer} from '../../support/schema-registry-server.ts';
import type {RegistryFault} from '../../support/schema-registry-server.ts';
import {until} from '../../support/until.ts';

const first = toJsonSchema(struct({id: notNull(varchar())}));
const wider = toJsonSchema(struct({id: notNull(varchar()), age: integer()}));

const lookUp = 'POST /subjects/orders-value';
const registration = 'POST /subjects/orders-value/versions';

describe('ConfluentRegistry', () => {
  const clock = new ManualClock();
  let server: SchemaRegistryServer;
  let registry: ConfluentRegistry;

  function open(options: Partial<ConfluentRegistryOptions> = {}): ConfluentRegistry {
    return new ConfluentRegistry({servers: [server], clock, logger: silentLogger, ...options});
  }

  beforeEach(async () => {
    server = await SchemaRegistryServer.start();
    registry = open();
  });

  afterEach(() => server.stop());

  describe('against a server with level BACKWARD', () => {
    schemaRegistrySuite(async () => ({
      registry: open({unchecked: () => true}),
      another: async () => open({unchecked: () => true}),
      close: async () => undefined,
    }));
  });

  describe('register', () => {
    test('looks the schema up, registers it as JSON, and asks once', async () => {
      const id = await registry.register('orders-value', first);
      const again = await registry.register('orders-value', first);

      expect(again).toBe(id);
      expect(server.seen()).toEqual([lookUp, registration]);
    });

    test('needs no permission to write for what is registered', async () => {
      await registry.register('orders-value', first);
      server.schemas.readOnly = true;

      await expect(open().register('orders-value', first)).resolves.toBe(1);
      await expect(open().register('orders-value', wider)).rejects.toMatchObject({
        name: 'FatalError',
        code: 'SCHEMA_REGISTRY_PERMISSION_DENIED',
        message: expect.stringContaining('orders-value') as string,
      });
    });

    test('shares one request among those who register the same at once', async () => {
      const ids = await Promise.all(
        Array.from({length: 50}, () => registry.register('orders-value', first)),
      );

      expect(new Set(ids).size).toBe(1);
      expect(server.seen()).toEqual([lookUp, registration]);
    });

    test('gives two instances that register the same at once the same id', async () => {
      const ids = await Promise.all(
        Array.from({length: 4}, () => open().register('orders-value', first)),
      );

      expect(ids).toEqual([1, 1, 1, 1]);
    });

    test('names the subject to the one of two that loses a race, with the words of the registry', async () => {
      const settled = await Promise.allSettled([
        open().register('orders-value', toJsonSchema(struct({a: varchar()}))),
        open().register('orders-value', toJsonSchema(struct({b: varchar()}))),
      ]);

      const [lost] = settled.filter((each) => each.status === 'rejected');
      expect(settled.filter(({status}) => status === 'fulfilled')).toHaveLength(1);
      expect(lost?.reason).toMatchObject({name: 'FatalError', code: 'SCHEMA_INCOMPATIBLE'});
      expect(messageOf(lost?.reason)).toMatch(
        /orders-value.*Schema being registered is incompatible.*added to an open content model.*; undo the change, or set the subject's compatibility to NONE/,
      );
    });

    test('asks again as often as a 409 only means that another registers for the same subject', async () => {
      const body = '{"error_code":409,"message":"An artifact with this ID already exists."}';
      for (let race = 0; race < 3; race++) server.failNext(undefined, {status: 409, body});

      await expect(registry.register('orders-value', first)).resolves.toBe(1);
    });

    test('cuts a message that quotes a whole schema, and keeps the remedy', async () => {
      const columns = Array.from({length: 200}, (_, i) => [`column_${i}`, varchar()] as const);
      const many = toJsonSchema(struct(Object.fromEntries(columns)));
      await registry.register('orders-value', many);

      const message = await registry.register('orders-value', first).catch(messageOf);

      expect(many.length).toBeGreaterThan(5000);
      expect(String(message).length).toBeLessThan(1500);
      expect(message).toMatch(/compatibility to NONE \(with Apicurio, the registry's\)$/);
    });

    test('keeps nothing of what has failed', async () => {
      server.failNext({status: 500, body: '{"error_code":50001,"message":"store"}'});
      await expect(registry.register('orders-value', first)).rejects.toThrow('store');

      await expect(registry.register('orders-value', first)).resolves.toBe(1);
    });

    test('says that a schema is JSON Schema to a registry that takes it for another', async () => {
      server.schemas.wantsDialect = true;
      const text = '{"type":"integer","connect.type":"int64"}';

      const id = await registry.register('orders-key', text);

      expect(await open().byId(id)).toBe(
        '{"$schema":"http://json-schema.org/draft-07/schema#","type":"integer","connect.type":"int64"}',
      );
      expect(await open().register('orders-key', text)).toBe(id);
      expect(await open().register('orders-value', first)).not.toBe(id);
      expect(await open().byId(2)).toBe(first);
    });

    test('names a schema that the registry cannot read', async () => {
      await expect(registry.register('orders-value', '{')).rejects.toMatchObject({
        name: 'FatalError',
        code: 'SCHEMA_INVALID',
      });
    });
  });

  describe('byId', () => {
    test('knows what it has registered without a request', async () => {
      const id = await registry.register('orders-value', first);
      const before = server.requests.length;

      expect(await registry.byId(id)).toBe(first);
      expect(server.requests).toHaveLength(before);
    });

    test('trap 18: asks for an id once, however many ask at the same time and later', async () => {
      const id = await open().register('orders-value', first);
      const before = server.requests.length;

      const texts = await Promise.all(Array.from({length: 500}, () => registry.byId(id)));
      texts.push(await registry.byId(id));

      expect(new Set(texts)).toEqual(new Set([first]));
      expect(server.seen().slice(before)).toEqual([`GET /schemas/ids/${id}`]);
    });

    test('trap 18: remembers for 5 s that there is no such id, and then asks again', async () => {
      expect(await registry.byId(1)).toBeUndefined();
      await open().register('orders-value', first);

      clock.advance(4999);
      expect(await registry.byId(1)).toBeUndefined();
      clock.advance(2);
      expect(await registry.byId(1)).toBe(first);
      expect(server.seen().filter((seen) => seen.startsWith('GET'))).toHaveLength(2);
    });

    test('forgets that there is no such id when it registers that one itself', async () => {
      expect(await registry.byId(1)).toBeUndefined();

      await registry.register('orders-value', first);

      expect(await registry.byId(1)).toBe(first);
    });

    test('asks the registry for no negative id', async () => {
      expect(await registry.byId(-1)).toBeUndefined();
      expect(server.requests).toEqual([]);
    });

    test.each([
      '',
      '<html>',
      '{"error_code":404,"message":"HTTP 404 Not Found"}',
      '{"error_code":0}',
      'null',
    ])('takes no 404 of something else for an unknown id: %s', async (body) => {
      server.failNext({status: 404, body});

      await expect(registry.byId(1)).rejects.toMatchObject({
        name: 'RetriableError',
        code: 'SCHEMA_REGISTRY_UNREACHABLE',
        message: `schema registry ${server.url} answered 404, but not as a schema registry does; check schema.registry.url and that it runs`,
      });
    });
  });

  describe('compatibility', () => {
    test('is that of the registry where the subject has none', async () => {
      expect(await registry.compatibility('orders-value')).toBe('BACKWARD');

      server.schemas.globalLevel = 'FULL_TRANSITIVE';

      expect(await registry.compatibility('orders-value')).toBe('FULL');
    });

    test('becomes NONE for a subject that is not to be checked, before its first version', async () => {
      const unchecked = open({unchecked: (subject) => subject === 'orders-value'});

      await unchecked.register('orders-value', first);
      await unchecked.register('products-value', first);

      expect(server.seen().slice(0, 4)).toEqual([
        lookUp,
        'GET /config/orders-value',
        'PUT /config/orders-value',
        registration,
      ]);
      await expect(unchecked.register('orders-value', wider)).resolves.toBe(2);
      await expect(unchecked.register('products-value', wider)).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
      });
    });

    test('becomes NONE after the first version where it cannot before', async () => {
      server.schemas.levelsNeedVersion = true;
      const unchecked = open({unchecked: () => true});

      await unchecked.register('orders-value', first);

      expect(await registry.compatibility('orders-value')).toBe('NONE');
    });

    test('stays as it is where the subject has one of its own', async () => {
      await registry.setCompatibility('orders-value', 'BACKWARD');
      const unchecked = open({unchecked: () => true});
      await unchecked.register('orders-value', first);

      await expect(unchecked.register('orders-value', wider)).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
      });
    });

    test('may be out of reach for who may register, which is logged', async () => {
      const warnings: unknown[] = [];
      const logger = {...silentLogger, warn: (fields: object) => void warnings.push(fields)};
      const unchecked = open({unchecked: () => true, logger});
      const denied = {status: 403, body: '{"error_code":40301,"message":"denied"}'};
      server.failNext(undefined, denied, denied);

      await expect(unchecked.register('orders-value', first)).resolves.toBe(1);

      expect(warnings).toMatchObject([{subject: 'orders-value'}]);
    });
  });

  describe('when a server fails', () => {
    const faults: readonly (readonly [RegistryFault, RegExp])[] = [
      [
        {status: 500, body: '{"error_code":50003,"message":"no leader"}'},
        / answered 500: no leader;/,
      ],
      [{status: 503, body: '<html>secret page</html>'}, / answered 503;/],
      [{status: 502}, / answered 502;/],
      [{status: 503, body: '{"message":"words of a proxy"}'}, / answered 503;/],
      [{status: 500, body: 'null'}, / answered 500;/],
      [
        {status: 429, body: '{"error_code":429,"message":"slow down"}'},
        / answered 429: slow down;/,
      ],
      [{status: 302}, / answered 302, but not as a schema registry does;/],
      [{status: 200}, / answered 200, but not as a schema registry does;/],
      [{status: 200, body: 'null'}, / answered 200, but not as a schema registry does;/],
      [{status: 200, body: '[1]'}, / answered 200, but not as a schema registry does;/],
      [{status: 200, body: '{"ok":true}'}, / answered 200, but not as a schema registry does;/],
      ['garbage', / answered 200, but not as a schema registry does;/],
      ['reset', /: .*(ECONNRESET|socket hang up);/],
    ];

    test.each(faults)('says so, and that it can be asked again: %j', async (fault, message) => {
      const operations = [
        () => registry.register('orders-value', first),
        () => registry.byId(7),
        () => registry.compatibility('orders-value'),
      ];
      for (const operation of operations) {
        server.failNext(fault);

        const refused = operation();

        await expect(refused).rejects.toMatchObject({
          name: 'RetriableError',
          code: 'SCHEMA_REGISTRY_UNREACHABLE',
        });
        await expect(refused).rejects.toThrow(message);
        await expect(operation()).resolves.not.toThrow();
      }
    });

    test.each(['silent', 'cut'] as const)('waits for no answer for ever: %s', async (fault) => {
      const patient = open({timeoutMs: 3000});
      server.failNext(fault);

      const asked = patient.byId(7);
      await until('the request is there', () => server.requests.length === 1);
      clock.advance(2999);
      expect(clock.sleeping).toBe(1);
      clock.advance(1);

      await expect(asked).rejects.toMatchObject({
        name: 'RetriableError',
        code: 'SCHEMA_REGISTRY_UNREACHABLE',
        message: expect.stringContaining(`${server.url}: no answer in 3000 ms`) as string,
      });
      expect(clock.sleeping).toBe(0);
    });

    test('fails what is under way when the service stops', async () => {
      const stop = new AbortController();
      const stopping = open({signal: stop.signal});
      server.failNext('silent');

      const asked = stopping.byId(7);
      await until('the request is there', () => server.requests.length === 1);
      stop.abort();

      await expect(asked).rejects.toMatchObject({name: 'RetriableError'});
      await expect(asked).rejects.toThrow('stopping');
    });

    test('leaves no timer behind an answer', async () => {
      await registry.register('orders-value', first);

      expect(clock.sleeping).toBe(0);
    });

    test('names one that does not listen', async () => {
      await server.stop();

      const refused = registry.register('orders-value', first);

      await expect(refused).rejects.toMatchObject({
        name: 'RetriableError',
        code: 'SCHEMA_REGISTRY_UNREACHABLE',
      });
      await expect(refused).rejects.toThrow(
        /schema registry http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED .*; check schema\.registry\.url/,
      );
      server = await SchemaRegistryServer.start();
    });
  });

  describe('with several servers', () => {
    let second: SchemaRegistryServer;
    let both: ConfluentRegistry;

    beforeEach(async () => {
      second = await SchemaRegistryServer.start({schemas: server.schemas});
      both = open({servers: [server, second]});
    });

    afterEach(() => second.stop());

    test.each([
      {status: 500},
      {status: 404},
      'reset',
      'garbage',
    ] satisfies readonly RegistryFault[])(
      'goes on to the next when one fails, and stays there: %j',
      async (fault) => {
        server.failAlways(fault);

        await both.register('orders-value', first);
        await both.compatibility('orders-value');

        expect(server.seen()).toEqual([lookUp]);
        expect(second.seen()).toEqual([
          lookUp,
          registration,
          'GET /config/orders-value?defaultToGlobal=true',
        ]);
      },
    );

    test('comes back to the first when the second fails', async () => {
      server.failNext({status: 500});
      await both.register('orders-value', first);
      second.failAlways({status: 503});

      await expect(both.register('orders-value', first)).resolves.toBe(1);
      await expect(both.compatibility('orders-value')).resolves.toBe('BACKWARD');
    });

    test('names what each has done when all fail', async () => {
      server.failAlways({status: 500});
      second.failAlways('reset');

      const refused = both.byId(1);

      await expect(refused).rejects.toMatchObject({name: 'RetriableError'});
      await expect(refused).rejects.toThrow(
        new RegExp(`${server.url} answered 500; ${second.url}: .+; check schema.registry.url`),
      );
    });

    test('does not ask another about what one has decided', async () => {
      await both.register('orders-value', first);
      await expect(both.register('orders-value', wider)).rejects.toMatchObject({
        code: 'SCHEMA_INCOMPATIBLE',
      });

      expect(second.requests).toEqual([]);
    });

    test('takes an id for unknown only when all servers say so', async () => {
      const behind = await SchemaRegistryServer.start();
      await open().register('orders-value', first);
      const servers = [behind, server];

      expect(await open({servers}).byId(1)).toBe(first);
      expect(await open({servers}).byId(2)).toBeUndefined();
      server.failNext({status: 503});
      await expect(open({servers}).byId(1)).rejects.toMatchObject({name: 'RetriableError'});
      await behind.stop();
    });
  });

  describe('with credentials', () => {
    const auth = {username: 'key', password: 'hunter2:%'};
    const basic = `Basic ${Buffer.from('key:hunter2:%').toString('base64')}`;

    test('sends user and password, to each server its own', async () => {
      const guarded = await SchemaRegistryServer.start({authorization: basic});
      const other = await SchemaRegistryServer.start();
      other.failAlways({status: 503});
      const servers = [other, {url: guarded.url, auth}];

      await expect(open({servers}).register('orders-value', first)).resolves.toBe(1);

      expect(other.requests.map(({authorization}) => authorization)).toEqual([undefined]);
      await guarded.stop();
      await other.stop();
    });

    test('sends a bearer token', async () => {
      const guarded = await SchemaRegistryServer.start({authorization: 'Bearer hunter2'});
      const trusted = open({servers: [guarded], bearerToken: 'hunter2'});

      await expect(trusted.register('orders-value', first)).resolves.toBe(1);
      await guarded.stop();
    });

    test('stops where they are refused, and says none of them', async () => {
      const guarded = await SchemaRegistryServer.start({authorization: 'Bearer other'});
      const accesses: Partial<ConfluentRegistryOptions>[] = [
        {servers: [{url: guarded.url, auth}]},
        {servers: [guarded], bearerToken: 'hunter2'},
      ];
      for (const access of accesses) {
        const refused: unknown = await open(access)
          .register('orders-value', first)
          .catch((error: unknown) => error);

        expect(refused).toMatchObject({
          name: 'FatalError',
          code: 'SCHEMA_REGISTRY_AUTHENTICATION_FAILED',
        });
        expect(deepText(refused)).toContain('401: Unauthorized');
        expect(deepText(refused)).not.toMatch(/hunter2|aHVudGVy|a2V5Omh1bnRlcjI/);
      }
      await guarded.stop();
    });

    test('says none of them when nothing answers', async () => {
      const faults: readonly RegistryFault[] = [{status: 500}, 'reset', 'garbage'];
      for (const fault of faults) {
        server.failNext(fault);
        const failed: unknown = await open({servers: [{url: server.url, auth}]})
          .byId(1)
          .catch((error: unknown) => error);

        expect(failed).toMatchObject({name: 'RetriableError'});
        expect(deepText(failed)).not.toMatch(/hunter2|a2V5Omh1bnRlcjI/);
      }
    });

    test('names a permission that is missing', async () => {
      server.failNext({status: 403, body: '{"error_code":40301,"message":"User is denied"}'});

      await expect(registry.register('orders-value', first)).rejects.toMatchObject({
        name: 'FatalError',
        code: 'SCHEMA_REGISTRY_PERMISSION_DENIED',
        message: `schema registry ${server.url}, subject orders-value: 403: User is denied; let this user read and write the subject and its compatibility, or register the schema beforehand`,
      });
    });

    test('trusts the authority that it is given, and no other', async () => {
      const {authority, server: own} = await makeCertificates();
      const tls = {key: own.key, cert: own.certificate};
      const secure = await SchemaRegistryServer.start({tls});

      await expect(
        open({servers: [secure], ca: authority}).register('orders-value', first),
      ).resolves.toBe(1);
      const refused = open({servers: [secure]}).register('orders-value', first);

      await expect(refused).rejects.toMatchObject({code: 'SCHEMA_REGISTRY_UNREACHABLE'});
      await expect(refused).rejects.toThrow(/schema\.registry\.ssl\.ca\.location/);
      await secure.stop();
    });
  });

  describe('the wire format', () => {
    const schema = struct({
      id: notNull(varchar()),
      count: bigint(),
      share: double(),
      tags: array(notNull(varchar())),
    });
    const value = {id: 'ä€😀', count: 42n, share: 0.25, tags: ['a', 'b']};
    const plain = {...value, count: 42};

    test('is read and written alike by the client library', async () => {
      const library = new SchemaRegistry({host: server.url}, {[SchemaType.JSON]: {strict: false}});
      const serdes = registrySerdes(registry, clock);
      const format = jsonSr(schema);

      const written = (await serdes.serializer(format, 'orders', 'value')).serialize(value);
      const id = await registry.register('orders-value', toJsonSchema(schema));
      const theirs = await library.encode(id, plain);
      await serdes.resolve(format, [theirs]);

      expect(await library.decode(written)).toEqual(plain);
      expect(serdes.deserializer(format).deserialize(theirs)).toEqual(value);
      expect(theirs.equals(written)).toBe(true);
    });
  });
});

/** All that a log could show of an error: messages, stacks and whatever hangs on it. */
function deepText(error: unknown): string {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    for (const name of Object.getOwnPropertyNames(value)) visit(Reflect.get(value, name));
  };
  visit(error);
  return texts.join('\n');
}
