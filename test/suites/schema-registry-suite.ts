import {afterEach, beforeEach, expect, test} from 'vitest';

import {toJsonSchema} from '../../src/serde/json-schema.ts';
import type {SchemaRegistry} from '../../src/serde/registry/schema-registry.ts';
import {integer, notNull, struct, varchar} from '../../src/serde/schema.ts';

/** A registry to test, and the means to open it again over the same data. */
export interface RegistryUnderTest {
  readonly registry: SchemaRegistry;
  /** Another instance that sees what this one has written, as after a restart or in another process. */
  readonly another: () => Promise<SchemaRegistry>;
  readonly close: () => Promise<void>;
}

const first = toJsonSchema(struct({id: notNull(varchar())}));
const wider = toJsonSchema(struct({id: notNull(varchar()), age: integer()}));

/** What every SchemaRegistry does; called within the `describe` of an implementation. */
export function schemaRegistrySuite(open: () => Promise<RegistryUnderTest>): void {
  let tested: RegistryUnderTest;

  beforeEach(async () => {
    tested = await open();
  });

  afterEach(() => tested.close());

  test('gives a schema its id back, and the id its schema', async () => {
    const id = await tested.registry.register('orders-value', first);

    const text = await tested.registry.byId(id);

    expect(id).toBeGreaterThan(0);
    expect(text).toBe(first);
  });

  test('knows no schema under an id that it never gave', async () => {
    const id = await tested.registry.register('orders-value', first);

    const text = await tested.registry.byId(id + 1_000_000_000);

    expect(text).toBeUndefined();
  });

  test('registers a schema once, however often it is asked to', async () => {
    const id = await tested.registry.register('orders-value', first);

    const again = await tested.registry.register('orders-value', first);

    expect(again).toBe(id);
  });

  test('gives the same text the same id under every subject, and another text another', async () => {
    const id = await tested.registry.register('orders-value', first);

    const elsewhere = await tested.registry.register('products-value', first);
    const other = await tested.registry.register('orders-value', wider);

    expect(elsewhere).toBe(id);
    expect(other).not.toBe(id);
  });

  test('gives concurrent registrations one id per text', async () => {
    const schemas = Array.from({length: 8}, (_, i) => (i % 2 === 0 ? first : wider));

    const ids = await Promise.all(
      schemas.map((schema, i) => tested.registry.register(`topic-${i}-value`, schema)),
    );

    expect(new Set(ids).size).toBe(2);
    expect(await tested.registry.byId(ids[0] as number)).toBe(first);
    expect(await tested.registry.byId(ids[1] as number)).toBe(wider);
  });

  test('keeps ids and levels when it is opened again', async () => {
    const id = await tested.registry.register('orders-value', first);
    await tested.registry.setCompatibility('orders-value', 'FULL');

    const reopened = await tested.another();

    expect(await reopened.byId(id)).toBe(first);
    expect(await reopened.register('orders-value', first)).toBe(id);
    expect(await reopened.compatibility('orders-value')).toBe('FULL');
  });

  test('sees what another instance registers', async () => {
    const other = await tested.another();

    const id = await other.register('orders-value', first);

    expect(await tested.registry.byId(id)).toBe(first);
  });

  test('never gives one id to two texts, though two instances register at once', async () => {
    const other = await tested.another();
    const schemas = Array.from({length: 12}, (_, i) =>
      toJsonSchema(struct({[`column_${i}`]: varchar()})),
    );

    const ids = await Promise.all(
      schemas.map((schema, i) =>
        (i % 2 === 0 ? other : tested.registry).register(`topic-${i % 3}-value`, schema),
      ),
    );

    expect(new Set(ids).size).toBe(schemas.length);
    for (const [i, id] of ids.entries()) {
      expect(await tested.registry.byId(id)).toBe(schemas[i]);
      expect(await other.byId(id)).toBe(schemas[i]);
    }
  });

  test('takes any schema under compatibility NONE', async () => {
    await tested.registry.setCompatibility('orders-value', 'NONE');
    await tested.registry.register('orders-value', first);

    const id = await tested.registry.register('orders-value', '{"type":"integer"}');

    expect(await tested.registry.byId(id)).toBe('{"type":"integer"}');
  });

  test('refuses an added column under BACKWARD, and registers nothing', async () => {
    await tested.registry.setCompatibility('orders-value', 'BACKWARD');
    const id = await tested.registry.register('orders-value', first);

    const refused = tested.registry.register('orders-value', wider);

    await expect(refused).rejects.toMatchObject({code: 'SCHEMA_INCOMPATIBLE'});
    await expect(refused).rejects.toThrow(/orders-value/);
    expect(await tested.registry.register('orders-value', first)).toBe(id);
  });

  test('refuses a removed column under FORWARD, and takes it under BACKWARD', async () => {
    await tested.registry.register('orders-value', wider);
    await tested.registry.setCompatibility('orders-value', 'FORWARD');

    const refused = tested.registry.register('orders-value', first);

    await expect(refused).rejects.toMatchObject({code: 'SCHEMA_INCOMPATIBLE'});
    await tested.registry.setCompatibility('orders-value', 'BACKWARD');
    await expect(tested.registry.register('orders-value', first)).resolves.toBeGreaterThan(0);
  });

  test('keeps one subject out of the level of another', async () => {
    await tested.registry.setCompatibility('orders-value', 'BACKWARD');
    await tested.registry.setCompatibility('products-value', 'NONE');
    await tested.registry.register('products-value', first);

    await expect(tested.registry.register('products-value', wider)).resolves.toBeGreaterThan(0);
  });

  test('refuses text that is not JSON', async () => {
    const refused = tested.registry.register('orders-value', '{"type"');

    await expect(refused).rejects.toMatchObject({name: 'FatalError'});
  });
}
