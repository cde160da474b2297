import {describe, expect, test} from 'vitest';

import {jsonSrDeserializer, jsonSrSerializer, schemaIdOf} from '../../src/serde/json-sr-serde.ts';
import {bigint, notNull, nullable, struct, varchar} from '../../src/serde/schema.ts';
import {UnreadableRecordError} from '../../src/serde/serde.ts';

const schema = struct({id: notNull(varchar()), at: bigint()});

describe('jsonSrSerializer', () => {
  test("puts Confluent's header before the JSON: 0x00, then the id as a big-endian int32", () => {
    const bytes = jsonSrSerializer(schema, 0x01020304, 'x').serialize({id: 'é', at: 7n});

    expect(bytes.toString('hex')).toBe(
      `0001020304${Buffer.from('{"id":"é","at":7}').toString('hex')}`,
    );
  });

  test('writes a bare key as JSON text', () => {
    const bytes = jsonSrSerializer(notNull(varchar()), 1, 'x').serialize('c1');

    expect(bytes.toString('latin1')).toBe('\0\0\0\0\x01"c1"');
  });

  test('hands out records that later ones leave alone', () => {
    const serializer = jsonSrSerializer(schema, 1, 'x');
    const rows = Array.from({length: 3000}, (_, i) => ({id: `order-${i}`, at: BigInt(i)}));

    const written = rows.map((row) => serializer.serialize(row));

    expect(written.map((bytes) => bytes.toString('utf8', 5))).toEqual(
      rows.map(({id, at}) => `{"id":"${id}","at":${at}}`),
    );
  });
});

describe('jsonSrDeserializer', () => {
  const deserializer = jsonSrDeserializer(schema, new Set([1, 70_000]));

  test('reads records of every known id', () => {
    for (const id of [1, 70_000, 1]) {
      const bytes = jsonSrSerializer(schema, id, 'x').serialize({id: 'o1', at: 2n ** 62n});

      expect(deserializer.deserialize(bytes)).toEqual({id: 'o1', at: 2n ** 62n});
    }
  });

  test.each([
    ['an unknown id', '\0\0\0\0\x02{}', /does not know its schema id 2/],
    ['another magic byte', '\x01\0\0\0\x01{}', /byte 0x01 instead of .*0x00/],
    ['plain JSON', '{"id":"o1"}', /byte 0x7b .*plain JSON/],
    ['a short record', '\0\0\0', /its 3 bytes are too short/],
    ['a header alone', '\0\0\0\0\x01', /too short/],
    ['no bytes', '', /its 0 bytes are too short/],
    ['a null that the schema does not allow', '\0\0\0\0\x01null', /literal null/],
  ])('refuses %s', (_, text, message) => {
    const reading = (): unknown => deserializer.deserialize(Buffer.from(text, 'latin1'));

    expect(reading).toThrow(UnreadableRecordError);
    expect(reading).toThrow(message);
  });

  test('reads JSON null as a nullable key', () => {
    const key = jsonSrDeserializer(nullable(varchar()), new Set([1]));

    expect(key.deserialize(Buffer.from('\0\0\0\0\x01null'))).toBeNull();
  });
});

describe('schemaIdOf', () => {
  test('finds the id, and none where there is no header', () => {
    expect(schemaIdOf(Buffer.from('\0\0\0\0\x07{}'))).toBe(7);
    expect(schemaIdOf(Buffer.from('{"a":"12345"}'))).toBeUndefined();
    expect(schemaIdOf(Buffer.from('\0\0\0\0\x07'))).toBeUndefined();
  });
});
