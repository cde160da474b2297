import {describe, expect, inject, test} from 'vitest';
import {ApicurioRegistry} from './apicurio-registry.ts';

async function call(url: string, body?: unknown): Promise<{status: number; body: unknown}> {
  const headers = {'content-type': 'application/vnd.schemaregistry.v1+json'};
  const options = body === undefined ? {} : {method: 'POST', headers, body: JSON.stringify(body)};
  const response = await fetch(url, options);
  return {status: response.status, body: await response.json()};
}

function objectWith(properties: Readonly<Record<string, unknown>>, required: readonly string[]) {
  const schema = {type: 'object', properties, required, additionalProperties: false};
  return {schemaType: 'JSON', schema: JSON.stringify(schema)};
}

describe('the schema registry of a test run', () => {
  test('gives a schema an id, and the schema for it', async () => {
    const url = inject('schemaRegistryUrl');
    const request = objectWith({id: {type: 'string'}}, ['id']);

    const first = await call(`${url}/subjects/ids-${process.pid}-value/versions`, request);
    const again = await call(`${url}/subjects/ids-${process.pid}-value/versions`, request);

    expect(first).toEqual({status: 200, body: {id: expect.any(Number) as number}});
    expect(again).toEqual(first);
    const {id} = first.body as {id: number};
    expect(await call(`${url}/schemas/ids/${id}`)).toMatchObject({
      status: 200,
      body: {schema: request.schema},
    });
  });

  test('refuses what cannot read the rows before it: BACKWARD, as Confluent by default', async () => {
    const url = `${inject('schemaRegistryUrl')}/subjects/backward-${process.pid}-value/versions`;
    const id = {id: {type: 'string'}};
    await call(url, objectWith(id, ['id']));

    const required = {...id, name: {type: 'string'}};
    expect((await call(url, objectWith(required, ['id', 'name']))).status).toBe(409);
  });
});

describe('ApicurioRegistry', () => {
  test('stops', async () => {
    const registry = await ApicurioRegistry.start();
    expect((await call(`${registry.url}/subjects`)).status).toBe(200);

    await registry.stop();

    await expect(call(`${registry.url}/subjects`)).rejects.toThrow('fetch failed');
  });
});
