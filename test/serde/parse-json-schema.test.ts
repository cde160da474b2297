import {describe, expect, test} from 'vitest';
import {toJsonSchema} from '../../src/serde/json-schema.ts';
import {parseJsonSchema} from '../../src/serde/parse-json-schema.ts';
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  double,
  integer,
  json,
  map,
  notNull,
  real,
  smallint,
  struct,
  time,
  timestamp,
  timestamptz,
  uuid,
  varchar,
} from '../../src/serde/schema.ts';

const parse = (schema: object) => parseJsonSchema(JSON.stringify(schema));

describe('parseJsonSchema', () => {
  test('reads back what is registered for a schema of every type', () => {
    const schema = struct(
      {
        z: notNull(bigint()),
        a: boolean(),
        b: smallint(),
        c: integer(),
        d: real(),
        e: double(),
        f: decimal(38, 9),
        g: varchar(),
        h: bytes(),
        i: date(),
        j: time(),
        k: timestamp(),
        l: timestamptz(),
        m: json(),
        n: uuid(),
        o: array(integer()),
        p: map(varchar()),
        q: struct({x: varchar()}, {name: 'inner'}),
      },
      {name: 'outer.Value'},
    );

    const read = parseJsonSchema(toJsonSchema(schema));

    expect(toJsonSchema(read ?? varchar())).toBe(toJsonSchema(schema));
    expect(Object.keys(read?.fields ?? {})).toEqual(Object.keys(schema.fields));
  });

  test('takes what is not said for the widest', () => {
    expect(parse({type: 'integer'})?.type).toBe('BIGINT');
    expect(parse({type: 'number'})?.type).toBe('DOUBLE');
    expect(parse({})?.type).toBe('VARCHAR');
    expect(parse({type: 'null'})?.type).toBe('VARCHAR');
  });

  test.each([
    [{type: ['null', 'integer']}],
    [{oneOf: [{type: 'null'}, {type: 'integer'}]}],
    [{anyOf: [{type: 'integer'}, {type: 'null'}]}],
  ])('knows a type that may be null: %j', (schema) => {
    expect(parse(schema)).toMatchObject({type: 'BIGINT', nullable: true});
  });

  test.each([
    [{oneOf: [{type: 'string'}, {type: 'integer'}]}],
    [{type: ['string', 'integer']}],
    [{$ref: '#/definitions/x'}],
  ])('leaves open what may be of several kinds: %j', (schema) => {
    expect(parse(schema)?.type).toBe('MAP');
  });

  test.each(['', '1', 'null', '[]', '{'])('finds no schema in %j', (text) => {
    expect(parseJsonSchema(text)).toBeUndefined();
  });
});
