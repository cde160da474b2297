import {bench, describe} from 'vitest';

import {envelope} from '../src/serde/debezium.ts';
import {jsonSrDeserializer, jsonSrSerializer} from '../src/serde/json-sr-serde.ts';
import {projector} from '../src/serde/row-projection.ts';
import {notNull, struct, timestamp, varchar} from '../src/serde/schema.ts';
import type {Schema} from '../src/serde/schema.ts';

// Run with `npx vitest bench --project unit bench/serde.bench.ts`; the rows are those of the seed's pipeline.

const id = notNull(varchar());
const customer = struct({
  id,
  first_name: varchar(),
  last_name: varchar(),
  email: varchar(),
  phone: varchar(),
});
const orderColumns = {order_id: id, product_id: varchar(), customer_id: varchar()};
const order = struct({...orderColumns, __deleted: varchar()});
const orderWithTime = struct({...order.fields, create_time: timestamp()});
const enriched = struct({
  ...orderColumns,
  size: varchar(),
  product: varchar(),
  department: varchar(),
  price: varchar(),
  first_name: varchar(),
  last_name: varchar(),
  email: varchar(),
  phone: varchar(),
  street_address: varchar(),
  state: varchar(),
  zip_code: varchar(),
  country: varchar(),
  country_code: varchar(),
});

const customerRow = {
  id: 'c-000017',
  first_name: 'Wilhelmina',
  last_name: 'Featherstone',
  email: 'wilhelmina.featherstone@example.org',
  phone: '+1-555-0142',
};
const orderRow = {
  order_id: '4f0c2a61-9a0b-4e55-8d1c-3a2f7c9e1b20',
  product_id: 'p-000042',
  customer_id: 'c-000017',
  __deleted: 'false',
  create_time: 1_700_000_000_123_456n,
};
const enrichedRow = {
  ...orderRow,
  size: 'XL',
  product: 'Ergonomic Granite Shirt',
  department: 'Outdoors',
  price: '$129.50',
  ...customerRow,
  street_address: '77 Massachusetts Avenue',
  state: 'Massachusetts',
  zip_code: null,
  country: 'United States',
  country_code: 'US',
};
const event = {
  before: null,
  after: customerRow,
  source: {
    version: '3.2.0.Final',
    connector: 'postgresql',
    name: 'postgres',
    ts_ms: 1_700_000_000_123,
    snapshot: 'false',
    db: 'postgres',
    sequence: '["23155736","23181416"]',
    ts_us: 1_700_000_000_123_456,
    ts_ns: 1_700_000_000_123_456_000,
    schema: 'customers',
    table: 'customers',
    txId: 767,
    lsn: 23_181_416,
    xmin: null,
  },
  transaction: null,
  op: 'u',
  ts_ms: 1_700_000_000_123,
  ts_us: 1_700_000_000_123_456,
  ts_ns: 1_700_000_000_123_456_000,
};

const known = new Set([1]);

function serializing(name: string, schema: Schema, row: unknown): void {
  describe(`serialize ${name}`, () => {
    const serializer = jsonSrSerializer(schema, 1, name);
    const columns = Object.keys(schema.fields ?? {});

    bench('jsonSrSerializer', () => void serializer.serialize(row));

    bench('JSON.stringify of the declared columns', () => {
      const declared: Record<string, unknown> = {};
      for (const column of columns) {
        const value = (row as Record<string, unknown>)[column];
        declared[column] = typeof value === 'bigint' ? String(value) : value;
      }
      const text = JSON.stringify(declared);
      const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + 5);
      bytes.writeInt32BE(1, 1);
      bytes.write(text, 5);
    });
  });
}

function deserializing(name: string, schema: Schema, row: unknown): void {
  describe(`deserialize ${name}`, () => {
    const text = JSON.stringify(row, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    const bytes = Buffer.from(`\0\0\0\0\x01${text}`);
    const deserializer = jsonSrDeserializer(schema, known);

    bench('jsonSrDeserializer', () => void deserializer.deserialize(bytes));

    bench('JSON.parse, unchecked', () => void JSON.parse(bytes.toString('utf8', 5)));
  });
}

serializing('4 columns', order, orderRow);
serializing('16 columns', enriched, enrichedRow);
serializing('5 columns with an int64', orderWithTime, orderRow);

deserializing('4 columns of 5', order, orderRow);
deserializing('5 columns with an int64', orderWithTime, orderRow);
deserializing('16 columns', enriched, projector(enriched)(enrichedRow));
deserializing('a change event', envelope(customer), event);

describe('hand a row of 16 columns on in process', () => {
  const project = projector(enriched);
  const copy = project(enrichedRow);
  const serializer = jsonSrSerializer(enriched, 1, 'x');
  const deserializer = jsonSrDeserializer(enriched, known);

  bench('projector', () => void project(enrichedRow));

  bench('through bytes', () => void deserializer.deserialize(serializer.serialize(copy)));
});
