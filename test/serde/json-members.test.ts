import {assert, jsonValue, property} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {jsonMembers} from '../../src/serde/json-members.ts';

function members(text: string, start = 0): unknown {
  const found = jsonMembers(Buffer.from(text), start, ['after', 'op']);
  return (
    found && Object.fromEntries(Object.entries(found).map(([name, bytes]) => [name, String(bytes)]))
  );
}

describe('jsonMembers', () => {
  test('cuts out the members that are wanted', () => {
    expect(members('{"before":null,"after":{"id":1},"source":{"op":"x"},"op":"c"}')).toEqual({
      after: '{"id":1}',
      op: '"c"',
    });
  });

  test('begins where it is told to, and takes spaces anywhere between', () => {
    expect(members('12345 { "op" : "d" , "after" : [ 1 , 2 ]\n}', 5)).toEqual({
      op: '"d"',
      after: '[ 1 , 2 ]',
    });
  });

  test('leaves out what is not there', () => {
    expect(members('{}')).toEqual({});
    expect(members('{"other":{"after":1}}')).toEqual({});
  });

  test.each(['', '[1]', 'null', '"after"', '{"a"}', '{"a":1 "b":2}'])(
    'finds no object in %j',
    (text) => {
      expect(members(text)).toBeUndefined();
    },
  );

  test.each(['{"after":{"a":"', '{"after":', '{"a', '{"after":{"a":[', '{"a":"\\'])(
    'ends with bytes that end too early: %j',
    (text) => {
      expect(() => members(text)).not.toThrow();
    },
  );

  test('cuts out of any object what JSON.parse finds there', () => {
    assert(
      property(jsonValue(), jsonValue(), jsonValue(), (before, after, op) => {
        const text = JSON.stringify({before, after, 'o"p': 1, op});
        expect(members(text)).toEqual({after: JSON.stringify(after), op: JSON.stringify(op)});
      }),
    );
  });
});
