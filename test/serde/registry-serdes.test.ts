import {beforeEach, describe, expect, test} from 'vitest';

import {systemClock} from '../../src/common/clock.ts';
import {json, jsonSr, kafka} from '../../src/serde/format.ts';
import {toJsonSchema} from '../../src/serde/json-schema.ts';
import {registrySerdes} from '../../src/serde/registry-serdes.ts';
import {notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Serdes} from '../../src/serde/serde.ts';
import {MemoryRegistry} from './registry/memory-registry.ts';

const row = struct({id: notNull(varchar())});
const format = jsonSr(row);

/** A registry that writes down what it is asked. */
class ObservedRegistry extends MemoryRegistry {
  readonly registered: string[] = [];
  readonly lookedUp: number[] = [];
  failing = false;
  concurrent = 0;
  maxConcurrent = 0;

  override async register(subject: string, schema: string): Promise<number> {
    this.registered.push(subject);
    if (this.failing) throw new Error('registry down');
    return super.register(subject, schema);
  }

  override async byId(id: number): Promise<string | undefined> {
    this.lookedUp.push(id);
    this.concurrent++;
    this.maxConcurrent = Math.max(this.maxConcurrent, this.concurrent);
    await systemClock.yield();
    this.concurrent--;
    if (this.failing) throw new Error('registry down');
    return super.byId(id);
  }
}

const record = (id: number): Buffer => {
  const bytes = Buffer.from('\0\0\0\0\0{"id":"o1"}');
  bytes.writeInt32BE(id, 1);
  return bytes;
};

describe('registrySerdes', () => {
  let registry: ObservedRegistry;
  let now: number;
  let serdes: Serdes;

  beforeEach(() => {
    registry = new ObservedRegistry();
    now = 0;
    serdes = registrySerdes(registry, {...systemClock, now: () => now});
  });

  test('registers the schema under the topic and side, and writes with its id', async () => {
    await registry.register('other-value', '{}');

    const serializer = await serdes.serializer(format, 'orders', 'value');

    expect(serializer.serialize({id: 'o1'}).toString('latin1')).toBe('\0\0\0\0\x02{"id":"o1"}');
    expect(await registry.byId(2)).toBe(toJsonSchema(row));
    expect(registry.registered).toEqual(['other-value', 'orders-value']);
  });

  test('registers once per subject and schema, though asked concurrently', async () => {
    await Promise.all([
      serdes.serializer(format, 'orders', 'value'),
      serdes.serializer(format, 'orders', 'value'),
      serdes.serializer(format, 'orders', 'key'),
    ]);
    await serdes.serializer(jsonSr(struct({id: notNull(varchar())})), 'orders', 'value');

    expect(registry.registered).toEqual(['orders-value', 'orders-key']);
  });

  test('asks again after a registration that failed', async () => {
    registry.failing = true;
    await expect(serdes.serializer(format, 'orders', 'value')).rejects.toThrow('registry down');
    registry.failing = false;

    const serializer = await serdes.serializer(format, 'orders', 'value');

    expect(serializer.serialize({id: '1'}).readInt32BE(1)).toBe(1);
  });

  test('leaves the registry alone for formats without a header', async () => {
    const plain = await serdes.serializer(json(row), 'orders', 'value');
    await serdes.serializer(kafka(notNull(varchar())), 'orders', 'key');
    await serdes.resolve(json(row), [record(7)]);

    expect(plain.serialize({id: '1'}).toString()).toBe('{"id":"1"}');
    expect(registry.registered).toEqual([]);
    expect(registry.lookedUp).toEqual([]);
  });

  test('reads its own records without asking', async () => {
    const serializer = await serdes.serializer(format, 'orders', 'value');
    const bytes = serializer.serialize({id: 'o1'});

    await serdes.resolve(format, [bytes]);

    expect(serdes.deserializer(format).deserialize(bytes)).toEqual({id: 'o1'});
    expect(registry.lookedUp).toEqual([]);
  });

  test('looks up each new id once, one after another', async () => {
    const known = await registry.register('a', '{}');
    const other = await registry.register('b', '{"type":"string"}');
    const batch = [record(known), null, record(other), record(known), Buffer.from('junk, no id')];

    await serdes.resolve(format, batch);
    await Promise.all([serdes.resolve(format, batch), serdes.resolve(format, batch)]);

    expect(registry.lookedUp).toEqual([known, other]);
    expect(registry.maxConcurrent).toBe(1);
    expect(serdes.deserializer(format).deserialize(record(other))).toEqual({id: 'o1'});
  });

  test('joins concurrent look-ups of one id', async () => {
    const known = await registry.register('a', '{}');

    await Promise.all([
      serdes.resolve(format, [record(known)]),
      serdes.resolve(format, [record(known)]),
    ]);

    expect(registry.lookedUp).toEqual([known]);
  });

  test('remembers for ten seconds that an id does not exist', async () => {
    await serdes.resolve(format, [record(1), record(2), record(1)]);
    now = 9_999;
    await serdes.resolve(format, [record(1)]);

    expect(registry.lookedUp).toEqual([1, 2]);
    expect(() => serdes.deserializer(format).deserialize(record(1))).toThrow(/schema id 1/);

    now = 10_000;
    await registry.register('a', '{}');
    await serdes.resolve(format, [record(1)]);

    expect(registry.lookedUp).toEqual([1, 2, 1]);
    expect(serdes.deserializer(format).deserialize(record(1))).toEqual({id: 'o1'});
  });

  test('bounds what it remembers of ids that do not exist', async () => {
    const ids = Array.from({length: 1001}, (_, i) => i + 1);
    await serdes.resolve(format, ids.map(record));
    registry.lookedUp.length = 0;

    await serdes.resolve(format, [record(1001), record(1)]);

    expect(registry.lookedUp).toEqual([1]);
  });

  test('passes the failure of a look-up on, and tries again', async () => {
    const known = await registry.register('a', '{}');
    registry.failing = true;
    await expect(serdes.resolve(format, [record(known)])).rejects.toThrow('registry down');
    registry.failing = false;

    await serdes.resolve(format, [record(known)]);

    expect(serdes.deserializer(format).deserialize(record(known))).toEqual({id: 'o1'});
  });
});
