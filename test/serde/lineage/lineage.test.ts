import {
  assert,
  array,
  boolean,
  constantFrom,
  maxSafeNat,
  nat,
  property,
  record,
  string,
} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {decodeLineage} from '../../../src/serde/lineage/decode-lineage.ts';
import {
  LINEAGE_HEADER,
  MAX_LINEAGE_BYTES,
  lineageOf,
} from '../../../src/serde/lineage/lineage-bytes.ts';
import type {LineageHeader} from '../../../src/serde/lineage/lineage-bytes.ts';
import {LineageInput} from '../../../src/serde/lineage/lineage-input.ts';
import {lineageJoin} from '../../../src/serde/lineage/lineage-join.ts';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';

type Headers = Parameters<typeof lineageOf>[0];

const source = {name: 'shop', systemId: '7400000000000000001'};
const position = {
  key: SOURCE_POSITION_HEADER,
  value: encodeSourcePosition(source, 0x1_0000_0002n, 3),
};
const other = {key: 'other', value: Buffer.from('x')};

const orders = new LineageInput({topic: 'shop.orders', partition: 2, isOrigin: true});
const products = new LineageInput({topic: 'shop.products', partition: 0, isOrigin: true});
const repartitioned = new LineageInput({topic: 'by-product', partition: 1, isOrigin: false});

const change = {key: Buffer.from('{"id":"o1"}'), timestamp: 1000, offset: 7, headers: [position]};
const order = (): Headers => orders.headersOf(change, 1010);
const product = (): Buffer =>
  lineageOf(products.headersOf({...change, key: null, offset: 2 ** 53 - 1}, 900)) as Buffer;

function decoded(headers: Headers) {
  return decodeLineage(lineageOf(headers) as Buffer);
}

const readFromOrders = {kind: 'read', topic: 'shop.orders', partition: 2, offset: 7, at: 1010};
const productLineage = {
  origin: {position: {...source, lsn: 0x1_0000_0002n, ordinal: 3}, timestamp: 1000, key: undefined},
  steps: [{kind: 'read', topic: 'shop.products', partition: 0, offset: 2 ** 53 - 1, at: 900}],
  isTruncated: false,
};

describe('a lineage', () => {
  test('starts with the change and where it was read', () => {
    expect(decoded(order())).toEqual({
      origin: {...productLineage.origin, key: change.key},
      steps: [readFromOrders],
      isTruncated: false,
    });
  });

  test('leaves the other headers as they are', () => {
    const headers = orders.headersOf({...change, headers: [other, position]}, 1010);
    const again = repartitioned.headersOf({...change, headers}, 1020);

    expect(headers.map(({key}) => key)).toEqual(['other', SOURCE_POSITION_HEADER, LINEAGE_HEADER]);
    expect(again.slice(0, 2)).toEqual([other, position]);
    expect(again).toHaveLength(3);
  });

  test('goes on where it is read again, and leaves what others hold untouched', () => {
    const before = order();
    const copy = Buffer.from(lineageOf(before) as Buffer);

    const after = repartitioned.headersOf({...change, offset: 9, headers: before}, 1030);

    expect(decoded(after)?.steps).toEqual([
      readFromOrders,
      {kind: 'read', topic: 'by-product', partition: 1, offset: 9, at: 1030},
    ]);
    expect(lineageOf(before)).toEqual(copy);
  });

  test('is none for what was repartitioned without one, and begins without a position where nobody wrote one', () => {
    expect(repartitioned.headersOf(change, 1030)).toBe(change.headers);
    expect(decoded(orders.headersOf({...change, headers: []}, 1))?.origin).toEqual({
      position: undefined,
      timestamp: 1000,
      key: change.key,
    });
  });

  test('takes in that of a row, and says whether it was waited for', () => {
    const met = lineageJoin('products')(order(), product());
    const waited = lineageJoin('customers', 'waited')(met, undefined);

    expect(decoded(waited)?.steps).toEqual([
      readFromOrders,
      {kind: 'join', table: 'products', waited: false, row: productLineage},
      {kind: 'join', table: 'customers', waited: true, row: undefined},
    ]);
  });

  test('is not begun by a join', () => {
    expect(lineageJoin('products')([position], product())).toEqual([position]);
  });

  test('leaves a key out that is too long', () => {
    const headers = orders.headersOf({...change, key: Buffer.alloc(513)}, 1);

    expect(decoded(headers)?.origin?.key).toBeUndefined();
  });

  test('is never longer than its bound, and says that something is missing', () => {
    let joined = order();
    let read = order();
    for (let i = 0; i < 300; i++) {
      joined = lineageJoin('products')(joined, product());
      read = repartitioned.headersOf({...change, headers: read}, i);
    }

    for (const headers of [joined, read]) {
      expect((lineageOf(headers) as Buffer).length).toBeLessThanOrEqual(MAX_LINEAGE_BYTES);
      expect(decoded(headers)).toMatchObject({isTruncated: true, origin: {key: change.key}});
    }
    expect(decoded(joined)?.steps.length).toBeGreaterThan(20);
  });

  test('is the same bytes wherever they are written', () => {
    let headers = lineageJoin('products')(order(), product());
    const lineages = [headers.at(-1)];
    for (let i = 0; i < 300; i++) headers = lineageJoin('products')(headers, product());
    lineages.push(repartitioned.headersOf({...change, headers: order()}, 5).at(-1), headers.at(-1));

    for (const lineage of lineages as LineageHeader[]) {
      const bytes = Buffer.alloc(lineage.size + 7, 0xff);
      expect(lineage.writeTo(bytes, 5)).toBe(bytes.length - 2);
      expect(bytes.subarray(5, -2)).toEqual(lineage.value);
      expect(bytes.toString('hex', bytes.length - 2)).toBe('ffff');
    }
  });

  const anyStep = record({
    isJoin: boolean(),
    waited: boolean(),
    text: string({unit: 'binary', maxLength: 20}),
    partition: nat(),
    offset: maxSafeNat(),
    at: maxSafeNat(),
  });

  test('says what was put in, whatever it was', () => {
    assert(
      property(array(anyStep, {maxLength: 12}), (steps) => {
        let headers: Headers = order();
        for (const {isJoin, waited, text, partition, offset, at} of steps) {
          const input = new LineageInput({topic: text, partition, isOrigin: false});
          headers = isJoin
            ? lineageJoin(text, waited ? 'waited' : 'met')(headers, product())
            : input.headersOf({...change, offset, headers}, at);
        }

        expect(decoded(headers)?.steps.slice(1)).toEqual(
          steps.map(({isJoin, waited, text, partition, offset, at}) =>
            isJoin
              ? {kind: 'join', table: text, waited, row: productLineage}
              : {kind: 'read', topic: text, partition, offset, at},
          ),
        );
      }),
    );
  });

  test('is not read from other bytes, or from some of its own only', () => {
    const whole = lineageOf(lineageJoin('products')(order(), product())) as Buffer;
    const lengths = new Set<number>();
    for (let length = 0; length < whole.length; length++) {
      const cut = decodeLineage(whole.subarray(0, length));
      if (cut !== undefined) lengths.add(cut.steps.length);
    }

    expect(decodeLineage(Buffer.from('{"a":1}'))).toBeUndefined();
    // A cut between two elements looks like a lineage that ends there.
    expect([...lengths]).toEqual([0, 1]);
    assert(
      property(constantFrom(...whole.keys()), nat({max: 255}), (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;

        expect(() => decodeLineage(damaged)).not.toThrow();
      }),
    );
  });
});
