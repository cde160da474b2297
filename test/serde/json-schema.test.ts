import {readFileSync} from 'node:fs';

import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {toJsonSchema} from '../../src/serde/json-schema.ts';
import {
  array,
  bigint,
  boolean,
  bytes,
  decimal,
  double,
  integer,
  map,
  notNull,
  nullable,
  real,
  smallint,
  struct,
  timestamp,
  uuid,
  varchar,
} from '../../src/serde/schema.ts';
import type {Schema} from '../../src/serde/schema.ts';
import {anySchema} from './arbitrary-value.ts';

/** What Confluent's converter registers for the same Connect schemas, made with its own code. */
const golden = JSON.parse(
  readFileSync(new URL('golden/json-schemas.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

const enumeration = (allowed: string, byDefault?: string): Schema => ({
  ...varchar(),
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: {allowed},
  ...(byDefault === undefined ? {} : {default: byDefault}),
});

const id = notNull(varchar());
const int64 = notNull(bigint());

/** The text of a schema's `default`. */
const defaultOf = (schema: Schema): string =>
  /"default":(.*?)[,}]/.exec(toJsonSchema(notNull(schema)))?.[1] ?? 'none';

describe('toJsonSchema', () => {
  test('registers a key as Connect does', () => {
    const key = struct({id}, {name: 'postgres.customers.customers.Key'});

    expect(JSON.parse(toJsonSchema(key))).toEqual(golden['key']);
  });

  test("registers Debezium's full envelope as Connect does", () => {
    const row = nullable(
      struct(
        {id, first_name: varchar(), last_name: varchar(), email: varchar(), phone: varchar()},
        {name: 'postgres.customers.customers.Value'},
      ),
    );
    const source = struct(
      {
        version: id,
        connector: id,
        name: id,
        ts_ms: int64,
        snapshot: enumeration(
          'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental',
          'false',
        ),
        db: id,
        sequence: varchar(),
        ts_us: bigint(),
        ts_ns: bigint(),
        schema: id,
        table: id,
        txId: bigint(),
        lsn: bigint(),
        xmin: bigint(),
      },
      {name: 'io.debezium.connector.postgresql.Source', version: 1},
    );
    const transaction = nullable(
      struct(
        {id, total_order: int64, data_collection_order: int64},
        {name: 'event.block', version: 1},
      ),
    );
    const envelope = struct(
      {
        before: row,
        after: row,
        source,
        transaction,
        op: id,
        ts_ms: bigint(),
        ts_us: bigint(),
        ts_ns: bigint(),
      },
      {name: 'postgres.customers.customers.Envelope', version: 2},
    );

    expect(JSON.parse(toJsonSchema(envelope))).toEqual(golden['envelope32']);
  });

  test('registers flat rows as Connect does', () => {
    const products = struct(
      {
        product_id: id,
        size: varchar(),
        product: varchar(),
        department: varchar(),
        price: varchar(),
        __deleted: varchar(),
      },
      {name: 'postgres.products.products.Value'},
    );
    const orders = struct(
      {
        order_id: id,
        product_id: varchar(),
        customer_id: varchar(),
        create_time: timestamp(),
        __deleted: varchar(),
      },
      {name: 'postgres.products.orders.Value'},
    );

    expect(JSON.parse(toJsonSchema(products))).toEqual(golden['products']);
    expect(JSON.parse(toJsonSchema(orders))).toEqual(golden['orders']);
  });

  test('registers every type as Connect does', () => {
    const point = struct(
      {x: notNull(double()), y: notNull(double()), wkb: bytes(), srid: integer()},
      {name: 'io.debezium.data.geometry.Point', version: 1},
    );
    const variableScale = struct(
      {scale: notNull(integer()), value: notNull(bytes())},
      {name: 'io.debezium.data.VariableScaleDecimal', version: 1},
    );
    const sampler = struct(
      {
        i2: smallint(),
        i8d: {...bigint(), default: 7n},
        f4: real(),
        f8: notNull(double()),
        b: boolean(),
        bytea: bytes(),
        num: decimal(10, 2),
        vnum: {...nullable(variableScale), doc: 'Variable scaled decimal'},
        arr: array(integer()),
        en: enumeration('a,b'),
        uuid: notNull(uuid()),
        bits: {...bytes(), name: 'io.debezium.data.Bits', version: 1, parameters: {length: '5'}},
        pt: {...nullable(point), doc: 'Geometry (POINT)'},
        hm: map(varchar()),
      },
      {name: 't.Value'},
    );

    expect(JSON.parse(toJsonSchema(sampler))).toEqual(golden['sampler']);
  });

  test('wraps a nullable top level, as ksqlDB does for its keys', () => {
    expect(toJsonSchema(varchar())).toBe('{"oneOf":[{"type":"null"},{"type":"string"}]}');
    expect(toJsonSchema(nullable(struct({ID: varchar()})))).toBe(
      '{"oneOf":[{"type":"null"},{"type":"object","properties":{"ID":{"connect.index":0,"oneOf":[{"type":"null"},{"type":"string"}]}}}]}',
    );
  });

  test('writes defaults as they are on the wire', () => {
    expect(defaultOf({...bigint(), default: 9223372036854775807n})).toBe('9223372036854775807');
    expect(defaultOf({...decimal(10, 2), default: '123.45'})).toBe('"MDk="');
    expect(defaultOf({...bytes(), default: Buffer.from([1, 2])})).toBe('"AQI="');
    expect(defaultOf({...double(), default: Number.NaN})).toBe('"NaN"');
    expect(defaultOf({...varchar(), default: ''})).toBe('""');
    expect(defaultOf({...boolean(), default: false})).toBe('false');
  });

  test('is one text for equal schemas, and JSON for any', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const text = toJsonSchema(schema);

        expect(toJsonSchema(structuredClone(schema))).toBe(text);
        expect(JSON.parse(text)).toBeTypeOf('object');
      }),
    );
  });
});
