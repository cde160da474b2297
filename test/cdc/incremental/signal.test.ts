import {describe, expect, test} from 'vitest';
import {parseSignal, parseSignalMessage} from '../../../src/cdc/incremental/signal.ts';

const data = (value: object): string => JSON.stringify(value);

describe('parseSignal', () => {
  test('reads what Debezium documents for execute-snapshot', () => {
    const signal = parseSignal(
      'execute-snapshot',
      data({
        'data-collections': ['a.b', 'a.c'],
        type: 'INCREMENTAL',
        'additional-conditions': [{'data-collection': 'a.b', filter: 'id > 5'}],
      }),
    );

    expect(signal).toMatchObject({kind: 'execute', collections: ['a.b', 'a.c']});
    const filterOf = (table: string): unknown =>
      signal.kind === 'execute' ? signal.filterOf(table) : undefined;
    expect([filterOf('a.b'), filterOf('a.c')]).toEqual(['id > 5', undefined]);
  });

  test('takes the older condition for all tables', () => {
    const signal = parseSignal(
      'execute-snapshot',
      data({'data-collections': ['a.b'], 'additional-condition': 'x = 1'}),
    );

    expect(signal.kind === 'execute' && signal.filterOf('a.b')).toBe('x = 1');
  });

  test.each([
    ['stop-snapshot', data({'data-collections': ['a.b']}), {kind: 'stop', collections: ['a.b']}],
    ['stop-snapshot', undefined, {kind: 'stop', collections: []}],
    ['pause-snapshot', '', {kind: 'pause'}],
    ['resume-snapshot', '{}', {kind: 'resume'}],
  ])('reads %s with %s', (type, text, expected) => {
    expect(parseSignal(type, text)).toEqual(expected);
  });

  test.each([
    ['log', '{}', /unknown type "log"/],
    ['execute-snapshot', '{"data-collections":[]}', /no "data-collections"/],
    ['execute-snapshot', 'rubbish', /no "data-collections"/],
    ['execute-snapshot', data({'data-collections': ['a.b'], type: 'blocking'}), /blocking/],
  ])('says why it cannot follow %s with %s', (type, text, reason) => {
    expect(parseSignal(type, text)).toEqual({
      kind: 'unusable',
      reason: expect.stringMatching(reason) as string,
    });
  });
});

describe('parseSignalMessage', () => {
  test('reads type and data, which is JSON or JSON text', () => {
    const inPlace = '{"type":"stop-snapshot","data":{"data-collections":["a.b"]}}';
    const asText = '{"type":"stop-snapshot","data":"{\\"data-collections\\":[\\"a.b\\"]}"}';

    expect(parseSignalMessage(inPlace)).toEqual({kind: 'stop', collections: ['a.b']});
    expect(parseSignalMessage(asText)).toEqual({kind: 'stop', collections: ['a.b']});
  });

  test.each(['', 'null', '5', '{}', '{"type":5}'])('cannot follow %s', (content) => {
    expect(parseSignalMessage(content).kind).toBe('unusable');
  });
});
