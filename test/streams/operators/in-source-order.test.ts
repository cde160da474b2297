import {describe, expect, test} from 'vitest';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../../src/serde/source-position.ts';
import {inSourceOrder} from '../../../src/streams/operators/in-source-order.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const shop = {name: 'shop', systemId: '7'};

const run = () => runOperator(inSourceOrder<string, string | null>('newest'));
const at = (lsn: bigint, ordinal = 1, source = shop) => ({
  headers: [
    {key: 'trace', value: Buffer.from('x')},
    {key: SOURCE_POSITION_HEADER, value: encodeSourcePosition(source, lsn, ordinal)},
  ],
});

describe('inSourceOrder', () => {
  test('forwards what comes in order as it came', () => {
    const operator = run();

    expect(operator.send('1', 'old', {...at(5n), timestamp: 9})).toEqual([
      {key: '1', value: 'old', timestamp: 9, ...at(5n)},
    ]);
    expect(operator.send('1', 'new', at(6n))).toHaveLength(1);
    expect(operator.dropped()).toEqual({});
  });

  test.each([
    ['of an earlier transaction', at(4n, 9)],
    ['earlier in the same transaction', at(5n, 2)],
  ])('drops a version %s', (_what, earlier) => {
    const operator = run();
    operator.send('1', 'new', at(5n, 3));

    expect(operator.send('1', 'old', earlier)).toEqual([]);
    expect(operator.send('1', 'newer', at(5n, 4))).toHaveLength(1);
    expect(operator.dropped()).toEqual({superseded: 1});
  });

  test('forwards the same version again', () => {
    const operator = run();
    operator.send('1', 'a', at(5n));

    expect(operator.send('1', 'a', at(5n))).toHaveLength(1);
  });

  test('remembers a position whatever becomes of the memory that it was read into', () => {
    const operator = run();
    const newest = at(5n);
    operator.send('1', 'new', newest);
    for (const {value} of newest.headers) value.fill(0);

    expect(operator.send('1', 'old', at(4n))).toEqual([]);
  });

  test('tells keys apart', () => {
    const operator = run();
    operator.send('1', 'new', at(5n));

    expect(operator.send('2', 'old', at(4n))).toHaveLength(1);
  });

  test('drops what was committed before a deletion, and nothing that came after it', () => {
    const operator = run();
    operator.send('1', null, at(5n));

    expect(operator.send('1', 'old', at(4n))).toEqual([]);
    expect(operator.send('1', 'inserted again', at(6n))).toHaveLength(1);
  });

  test.each([
    ['another source', at(1n, 1, {...shop, name: 'mill'})],
    ['a server that was set up anew', at(1n, 1, {...shop, systemId: '8'})],
    ['nobody knows where', {headers: []}],
  ])('forwards what comes from %s, as it cannot be compared', (_where, record) => {
    const operator = run();
    operator.send('1', 'new', at(5n));

    expect(operator.send('1', 'other', record)).toHaveLength(1);
    expect(operator.dropped()).toEqual({});
  });
});
