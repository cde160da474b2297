import {describe, expect, test} from 'vitest';
import type {ConsumedRecord} from '../../src/kafka/client.ts';
import {json, jsonSr, kafka} from '../../src/serde/format.ts';
import type {Format} from '../../src/serde/format.ts';
import {localSerdes} from '../../src/serde/local-serdes.ts';
import {bigint, notNull, struct, varchar} from '../../src/serde/schema.ts';
import type {Serdes} from '../../src/serde/serde.ts';
import {RecordConverter} from '../../src/sinks/record-converter.ts';
import type {ConverterOptions, SinkEntry} from '../../src/sinks/record-converter.ts';

const id = notNull(varchar());
const Row = struct({size: varchar()});
const value = Buffer.from('\0\0\0\0\x01{"size":"S"}');

function record(key: Buffer | null, rest: Partial<ConsumedRecord> = {}): ConsumedRecord {
  return {offset: 7, key, value, timestamp: 5, headers: [], ...rest};
}

/** Converts records of a topic with this key format; schema ids are known once they were resolved. */
async function convert(
  key: Format,
  records: readonly ConsumedRecord[],
  rest: Partial<ConverterOptions> & {readonly value?: Format} = {},
): Promise<readonly SinkEntry[]> {
  const local = localSerdes();
  const serdes: Serdes = {
    serializer: (format) => Promise.resolve(local.serializer(format)),
    deserializer: (format) => local.deserializer(format),
    resolve: async (format, bytes) => {
      if (format.name === 'JSON_SR' && bytes.some((some) => some?.[4] === 1)) {
        local.serializer(format);
      }
    },
  };
  const topic = {name: 'orders', key, value: rest.value ?? jsonSr(Row)};
  const converter = new RecordConverter(
    {topic, insertMode: 'upsert', deletes: true, keepsRecords: true, ...rest},
    serdes,
  );
  return converter.convert(records);
}

describe('RecordConverter', () => {
  test('makes a row of key text and value bytes, without the header', async () => {
    const original = record(Buffer.from('"o1"'));

    expect(await convert(json(id), [original])).toEqual([
      {
        kind: 'row',
        offset: 7,
        key: 'o1',
        value: Buffer.from('{"size":"S"}'),
        timestamp: 5,
        bytes: 4 + 17,
        record: original,
      },
    ]);
  });

  test('holds on to a record only where it may become a dead letter', async () => {
    const good = record(Buffer.from('"o1"'));
    const unreadable = record(null);

    const entries = await convert(json(id), [good, unreadable], {keepsRecords: false});

    expect(entries).toMatchObject([
      {kind: 'row', record: undefined},
      {kind: 'unreadable', record: unreadable},
    ]);
  });

  test('takes a plain JSON value as it is', async () => {
    const plain = record(Buffer.from('"o1"'), {value: Buffer.from('{"size":"S"}')});

    const [row] = await convert(json(id), [plain], {value: json(Row)});

    expect(row).toMatchObject({kind: 'row', value: plain.value});
  });

  test.each<[string, Format, Buffer, string]>([
    ['KAFKA', kafka(id), Buffer.from('o1'), 'o1'],
    [
      'KAFKA int64',
      kafka(notNull(bigint())),
      Buffer.from('0020000000000001', 'hex'),
      '9007199254740993',
    ],
    ['JSON', json(id), Buffer.from('"o1"'), 'o1'],
    ['JSON_SR', jsonSr(id), Buffer.from('\0\0\0\0\x01"o1"'), 'o1'],
    [
      'JSON STRUCT',
      json(struct({a: id, b: id})),
      Buffer.from(' {"b":"2", "a":"1"}'),
      '{"a":"1","b":"2"}',
    ],
  ])('reads keys in %s', async (_, format, key, text) => {
    expect(await convert(format, [record(key)])).toMatchObject([{kind: 'row', key: text}]);
  });

  test('makes a delete of a tombstone', async () => {
    expect(await convert(json(id), [record(Buffer.from('"o1"'), {value: null})])).toMatchObject([
      {kind: 'row', key: 'o1', value: null},
    ]);
  });

  test.each([
    ['in append mode', {insertMode: 'append'} as const],
    ['when deletes are off', {deletes: false}],
  ])('makes no row of a tombstone %s, not even of one without a readable key', async (_, rest) => {
    const tombstones = [record(Buffer.from('"o1"'), {value: null}), record(null, {value: null})];

    expect(await convert(json(id), tombstones, rest)).toMatchObject([
      {kind: 'tombstone', offset: 7},
      {kind: 'tombstone', offset: 7},
    ]);
  });

  test('does without a key in append mode', async () => {
    expect(await convert(json(id), [record(null)], {insertMode: 'append'})).toMatchObject([
      {kind: 'row', key: null},
    ]);
  });

  test.each<[string, ConsumedRecord, 'key' | 'value', string]>([
    ['no key', record(null), 'key', 'it is null'],
    ['a key that says null', record(Buffer.from('null')), 'key', 'null'],
    ['a key that is no JSON', record(Buffer.from('o1')), 'key', ''],
    ['an empty key', record(Buffer.alloc(0)), 'key', ''],
    [
      'a value without the header',
      record(Buffer.from('"o1"'), {value: Buffer.from('{"size":"S"}')}),
      'value',
      'header',
    ],
    ['an empty value', record(Buffer.from('"o1"'), {value: Buffer.alloc(0)}), 'value', 'header'],
    [
      'a header without a value',
      record(Buffer.from('"o1"'), {value: Buffer.from('\0\0\0\0\x01')}),
      'value',
      'header',
    ],
  ])('tells what is wrong with %s', async (_, bad, side, reason) => {
    const [entry] = await convert(json(id), [bad]);

    expect(entry).toMatchObject({kind: 'unreadable', side, record: bad});
    expect(entry).toHaveProperty('error.message', expect.stringContaining(reason));
  });

  test.each([
    ['that lacks a column', '{}'],
    ['with a column that is null', '{"id":null}'],
  ])('does not read a STRUCT key %s which must not be null', async (_, key) => {
    expect(await convert(json(struct({id})), [record(Buffer.from(key))])).toMatchObject([
      {kind: 'unreadable', side: 'key'},
    ]);
  });

  test('does not read a key whose schema id nobody knows', async () => {
    const [entry] = await convert(jsonSr(id), [record(Buffer.from('\0\0\0\0\x09"o1"'))]);

    expect(entry).toMatchObject({kind: 'unreadable', side: 'key'});
  });

  test('goes on behind a bad record', async () => {
    const records = [record(null), record(Buffer.from('"o2"'), {offset: 8})];

    expect((await convert(json(id), records)).map(({kind, offset}) => [kind, offset])).toEqual([
      ['unreadable', 7],
      ['row', 8],
    ]);
  });
});
