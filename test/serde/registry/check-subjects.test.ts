import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {CheckResult} from '../../../src/common/check-result.ts';
import {systemClock} from '../../../src/common/clock.ts';
import {toJsonSchema} from '../../../src/serde/json-schema.ts';
import {checkSubjects} from '../../../src/serde/registry/check-subjects.ts';
import type {SubjectCheckOptions} from '../../../src/serde/registry/check-subjects.ts';
import {bigint, struct, varchar} from '../../../src/serde/schema.ts';
import {commandsOf, resultOf, troubles} from '../../support/check-results.ts';
import {serverPort} from '../../support/server-port.ts';
import {SchemaRegistryServer} from '../../support/schema-registry-server.ts';

const schema = toJsonSchema(struct({id: varchar()}));
const other = toJsonSchema(struct({id: bigint()}));

describe('checkSubjects', () => {
  let server: SchemaRegistryServer;
  beforeEach(async () => {
    server = await SchemaRegistryServer.start();
  });
  afterEach(() => server.stop());

  async function check(
    subjects: readonly string[],
    options: Partial<SubjectCheckOptions> = {},
  ): Promise<readonly CheckResult[]> {
    const results: CheckResult[] = [];
    await checkSubjects(
      {
        servers: [{url: server.url}],
        clock: systemClock,
        timeoutMs: 5_000,
        unchecked: (subject) => subject.startsWith('postgres.'),
        ...options,
      },
      async () => subjects.map((subject) => ({subject, schema})),
      (result) => results.push(result),
    );
    return results;
  }

  test('knows what is registered, what is new and what fits, and registers nothing', async () => {
    server.schemas.register('old-value', schema);
    server.schemas.register('wider-value', toJsonSchema(struct({id: varchar(), more: varchar()})));

    const results = await check(['old-value', 'new-value', 'wider-value', 'postgres.a-value']);

    expect(troubles(results)).toEqual([]);
    expect(resultOf(results, 'subject old-value')).toContain('the schema is registered');
    expect(resultOf(results, 'subject new-value')).toContain('the service makes it');
    expect(resultOf(results, 'subject wider-value')).toContain('compatible');
    expect(resultOf(results, 'subject postgres.a-value')).toContain(
      'its compatibility is NONE, or set so',
    );
    expect(server.schemas.versions('wider-value').body).toEqual([1]);
    expect(server.requests.map(({method}) => method)).not.toContain('PUT');
  });

  test('says what the registry says of a schema that does not fit, with a remedy that works', async () => {
    server.schemas.register('orders-value', other);

    const results = await check(['orders-value']);

    const name = 'subject orders-value';
    expect(resultOf(results, name)).toMatch(
      /^failed .* incompatible with the latest version under the registry's: .*id.* -> undo the change/,
    );
    const [command = ''] = commandsOf(results, name);
    const [, method = '', url = '', body = ''] = /-X (\w+) (\S+) .* -d '(.*)'/.exec(command) ?? [];
    await fetch(url, {method, body});
    expect(resultOf(await check(['orders-value']), name)).toMatch(/^ok .* compatible under NONE$/);
  });

  test('takes a level of its own seriously also where the service would set none', async () => {
    server.schemas.register('postgres.a-value', other);
    server.schemas.setLevel('postgres.a-value', 'BACKWARD');

    expect(resultOf(await check(['postgres.a-value']), 'subject postgres.a-value')).toMatch(
      /^failed .* under BACKWARD: /,
    );
  });

  test('names a registry that does not answer, and one that wants other credentials', async () => {
    const nobody = `http://127.0.0.1:${await serverPort()}`;
    const closed = await SchemaRegistryServer.start({authorization: 'Basic secret'});

    const away = await check(['a-value'], {servers: [{url: nobody}]});
    const refused = await check(['a-value'], {servers: [{url: closed.url}]});
    const beside = await check(['a-value'], {servers: [{url: nobody}, {url: server.url}]});
    await closed.stop();

    expect(troubles(away)).toEqual([
      expect.stringMatching(/^failed server .*ECONNREFUSED.* -> check schema.registry.url/),
      'skipped subjects: the registry could not be asked',
    ]);
    expect(troubles(refused)[0]).toMatch(
      /^failed server .*401.* -> check schema.registry.basic.auth.user.info/,
    );
    expect(troubles(beside)).toEqual([expect.stringMatching(/^warning server /)]);
  });

  test('warns where the registry has no answer about compatibility', async () => {
    server.schemas.register('a-value', other);
    server.failNext(undefined, undefined, undefined, {
      status: 422,
      body: '{"error_code": 42202, "message": "Invalid version"}',
    });

    expect(troubles(await check(['a-value']))).toEqual([
      expect.stringMatching(
        /^warning subject a-value: the registry does not say .* -> .*422: Invalid version/,
      ),
    ]);
  });
});
