import {describe, expect, test} from 'vitest';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';
import {
  AWAIT_ANSWER,
  AWAIT_RECORDS,
  NO_INPUT,
  nextInput,
} from '../../../src/streams/runtime/input-order.ts';
import type {Input, InputRecord} from '../../../src/streams/runtime/input-order.ts';

type Feeds = Input['feeds'];

/** An input with a record that arrived at tick 5, unless said otherwise. */
function full(feeds: Feeds, head: InputRecord, input: Partial<Input> = {}): Input {
  return {
    feeds,
    repartitioned: false,
    head,
    headArrivedAt: 5,
    position: 10,
    highWatermark: 10,
    sentAt: 4,
    ...input,
  };
}

/** An input that is read up to its high watermark, as an answer to a fetch sent at tick 5 has shown. */
function empty(feeds: Feeds, input: Partial<Input> = {}): Input {
  return {
    feeds,
    repartitioned: false,
    head: undefined,
    headArrivedAt: -1,
    position: 10,
    highWatermark: 10,
    sentAt: 5,
    ...input,
  };
}

function at(timestamp: number, position?: readonly [source: string, lsn: number, ordinal: number]) {
  if (position === undefined) return {timestamp, headers: []};
  const [source, lsn, ordinal] = position;
  const value = encodeSourcePosition({name: source, systemId: '7'}, BigInt(lsn), ordinal);
  const other = {key: 'trace', value: Buffer.from('x')};
  return {timestamp, headers: [other, {key: SOURCE_POSITION_HEADER, value}]};
}

describe('nextInput', () => {
  describe('among heads', () => {
    test('takes the lowest timestamp, whatever it feeds', () => {
      expect(nextInput([full('table', at(3)), full('stream', at(2)), full('stream', at(4))])).toBe(
        1,
      );
    });

    test('takes the first of several that tie', () => {
      expect(nextInput([full('stream', at(2)), full('stream', at(2))])).toBe(0);
    });

    test('takes a table before a stream where timestamps tie', () => {
      expect(nextInput([full('stream', at(2)), full('table', at(2))])).toBe(1);
      expect(nextInput([full('table', at(2)), full('stream', at(2))])).toBe(0);
    });

    test('takes a table before a stream where the tie is between two sources', () => {
      const order = full('stream', at(2, ['products', 1, 1]));
      const customer = full('table', at(2, ['customers', 9, 1]));

      expect(nextInput([order, customer])).toBe(1);
    });

    test('takes the earlier commit of one source where timestamps tie', () => {
      const order = full('stream', at(2, ['products', 7, 1]));
      const price = full('table', at(2, ['products', 8, 1]));

      expect(nextInput([order, price])).toBe(0);
      expect(nextInput([price, order])).toBe(1);
    });

    test('takes the earlier commit of one source though its clock ran backwards in between', () => {
      const order = full('stream', at(1, ['products', 8, 1]));
      const price = full('table', at(2, ['products', 7, 1]));
      const customer = full('table', at(1.5, ['customers', 1, 1]));

      expect(nextInput([order, price, customer])).toBe(1);
    });

    test('takes the earlier record of one source, not of another whose positions are lower', () => {
      const order = full('stream', at(1, ['products', 8, 1]));
      const customer = full('table', at(2, ['customers', 1, 1]));

      expect(nextInput([order, customer])).toBe(0);
    });

    test('takes tables before streams within one commit', () => {
      const order = full('stream', at(2, ['products', 7, 1]));
      const price = full('table', at(2, ['products', 7, 2]));

      expect(nextInput([order, price])).toBe(1);
      expect(nextInput([price, order])).toBe(0);
    });

    test.each(['stream', 'table'] as const)('takes %ss of one commit as it wrote them', (feeds) => {
      const second = full(feeds, at(2, ['products', 7, 2]));
      const first = full(feeds, at(2, ['products', 7, 1]));

      expect(nextInput([second, first])).toBe(1);
      expect(nextInput([first, second])).toBe(0);
    });
  });

  describe('with empty inputs', () => {
    const stream = full('stream', at(2));
    const table = full('table', at(2));

    test.each<[what: string, inputs: Input[], next: number]>([
      ['nothing at all', [], NO_INPUT],
      ['no head', [empty('stream'), empty('table')], NO_INPUT],
      [
        'no head and an input that never answered',
        [empty('table', {highWatermark: undefined})],
        -1,
      ],
      ['a table that is caught up', [empty('table'), stream], 1],
      ['a table that was caught up earlier', [empty('table', {sentAt: 4}), stream], AWAIT_ANSWER],
      ['a table that answers later', [empty('table', {sentAt: 6}), stream], 1],
      [
        'a table that never answered',
        [empty('table', {highWatermark: undefined}), stream],
        AWAIT_ANSWER,
      ],
      ['a table with more in its log', [empty('table', {position: 9}), stream], AWAIT_RECORDS],
      ['a stream that was caught up earlier', [empty('stream', {sentAt: 0}), stream], 1],
      [
        'a stream that was caught up earlier, for a table',
        [empty('stream', {sentAt: 0}), table],
        AWAIT_ANSWER,
      ],
      [
        'a repartitioned stream that was caught up earlier, for a table',
        [empty('stream', {sentAt: 0, repartitioned: true}), table],
        1,
      ],
      [
        'a stream that was caught up earlier, for a repartitioned table',
        [empty('stream', {sentAt: 0}), {...table, repartitioned: true}],
        1,
      ],
      [
        'a repartitioned table that was caught up earlier',
        [empty('table', {sentAt: 4, repartitioned: true}), stream],
        AWAIT_ANSWER,
      ],
      ['a stream that answers later, for a table', [empty('stream', {sentAt: 6}), table], 1],
      [
        'a stream that never answered',
        [empty('stream', {highWatermark: undefined}), stream],
        AWAIT_ANSWER,
      ],
      ['a stream with more in its log', [empty('stream', {position: 9}), stream], AWAIT_RECORDS],
      [
        'one that never answered and one with more in its log',
        [empty('table', {highWatermark: undefined}), empty('table', {position: 9}), stream],
        AWAIT_RECORDS,
      ],
      [
        'one with more in its log and one that never answered',
        [empty('table', {position: 9}), empty('table', {highWatermark: undefined}), stream],
        AWAIT_RECORDS,
      ],
      ['a table that was caught up earlier, for a table', [empty('table', {sentAt: 0}), table], 1],
      [
        'a table that never answered, for a table',
        [empty('table', {highWatermark: undefined}), table],
        AWAIT_ANSWER,
      ],
      [
        'a table with more in its log, for a table',
        [empty('table', {position: 9}), table],
        AWAIT_RECORDS,
      ],
    ])('decides on %s', (_what, inputs, next) => {
      expect(nextInput(inputs)).toBe(next);
    });

    test('goes by the arrival of the head that is next, not of others', () => {
      const late = full('stream', at(9), {headArrivedAt: 6});

      expect(nextInput([late, stream, empty('table')])).toBe(1);
      expect(nextInput([late, empty('table')])).toBe(AWAIT_ANSWER);
    });
  });
});
