import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {kafkaDeserializer, kafkaSerializer} from '../../src/serde/kafka-serde.ts';
import {
  bigint,
  boolean,
  bytes,
  decimal,
  double,
  integer,
  notNull,
  real,
  smallint,
  struct,
  varchar,
} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';
import {UnreadableRecordError} from '../../src/serde/serde.ts';
import {valueOf} from './arbitrary-value.ts';

describe('kafkaSerializer', () => {
  test.each<[string, Schema, unknown, string]>([
    ['VARCHAR', varchar(), 'o1é', '6f31c3a9'],
    ['INTEGER', integer(), -2, 'fffffffe'],
    ['SMALLINT', smallint(), 258, '00000102'],
    ['BIGINT', bigint(), -2n, 'fffffffffffffffe'],
    ['DOUBLE', double(), 1.5, '3ff8000000000000'],
    ['REAL', real(), 1.5, '3fc00000'],
    ['BYTES', bytes(), Buffer.from([1, 2]), '0102'],
  ])("writes %s as Kafka's own serializer", (_, schema, value, hex) => {
    expect(kafkaSerializer(schema, 'x').serialize(value).toString('hex')).toBe(hex);
  });

  test.each<[Schema, unknown]>([
    [varchar(), 1],
    [varchar(), null],
    [varchar(), 'a\ud800'],
    [integer(), 2 ** 31],
    [integer(), '1'],
    [smallint(), 2 ** 15],
    [bigint(), 1],
    [bigint(), 2n ** 63n],
    [double(), '1'],
    [bytes(), 'x'],
  ])('refuses what the type does not take (%#)', (schema, value) => {
    const writing = (): unknown => kafkaSerializer(schema, 'orders-key').serialize(value);

    expect(writing).toThrow(/orders-key: /);
    expect(writing).toThrow(expect.objectContaining({code: 'RECORD_UNWRITABLE'}));
  });

  test.each<[Schema]>([[boolean()], [decimal(5, 2)], [struct({a: varchar()})]])(
    'has no form for %j',
    (schema) => {
      const building = (): unknown => kafkaSerializer(schema, 'x');

      expect(building).toThrow(expect.objectContaining({code: 'SCHEMA_INVALID'}));
    },
  );
});

describe('kafkaDeserializer', () => {
  test.each<[Schema]>([[integer()], [smallint()], [bigint()], [double()], [bytes()]])(
    'reads back what was written: %j',
    (schema) => {
      fc.assert(
        fc.property(valueOf(notNull(schema)), (value) => {
          const written = kafkaSerializer(schema, 'x').serialize(value);

          expect(kafkaDeserializer(schema).deserialize(written)).toStrictEqual(value);
        }),
      );
    },
  );

  test('reads back any text that UTF-8 can hold', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), (value) => {
        const written = kafkaSerializer(varchar(), 'x').serialize(value);

        expect(kafkaDeserializer(varchar()).deserialize(written)).toBe(value);
      }),
    );
  });

  test('refuses numbers of another size, and text that is not UTF-8', () => {
    expect(() => kafkaDeserializer(integer()).deserialize(Buffer.alloc(8))).toThrow(
      /INTEGER has 4 bytes, but it has 8/,
    );
    expect(() => kafkaDeserializer(varchar()).deserialize(Buffer.from([0xff]))).toThrow(
      UnreadableRecordError,
    );
  });
});
