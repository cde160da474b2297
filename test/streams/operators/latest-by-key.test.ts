import {describe, expect, test} from 'vitest';
import {struct, varchar} from '../../../src/serde/schema.ts';
import type {Infer} from '../../../src/serde/schema.ts';
import {latestByKey} from '../../../src/streams/operators/latest-by-key.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const Contact = struct({email: varchar(), phone: varchar()});
type Contact = Infer<typeof Contact>;

const run = () => runOperator(latestByKey<string | null, Contact>('contacts', Contact));
const first: Contact = {email: 'ada@example.com', phone: null};

describe('latestByKey', () => {
  test('forwards the first row of a key as an insert', () => {
    const headers = [{key: 'h', value: Buffer.of(1)}];

    expect(run().send('1', first, {timestamp: 7, headers})).toEqual([
      {key: '1', value: {old: undefined, new: first}, timestamp: 7, headers},
    ]);
  });

  test('keeps a column whose latest value is null', () => {
    const operator = run();
    operator.send('1', first);

    const [change] = operator.send('1', {email: null, phone: '555-0100'});

    const merged = {email: 'ada@example.com', phone: '555-0100'};
    expect(change?.value).toEqual({old: first, new: merged});
    expect(operator.store('contacts').get('1')).toEqual(merged);
  });

  test('forwards an update that changes nothing', () => {
    const operator = run();
    operator.send('1', first);

    expect(operator.send('1', first)).toMatchObject([{value: {old: first, new: first}}]);
  });

  test('keeps keys apart', () => {
    const operator = run();
    operator.send('1', first);

    const [change] = operator.send('2', {email: null, phone: null});

    expect(change?.value).toEqual({old: undefined, new: {email: null, phone: null}});
  });

  test('keeps the declared columns only', () => {
    const operator = run();

    const [change] = operator.send('1', {...first, extra: 1} as Contact);

    expect(change?.value.new).toEqual(first);
  });

  test('drops and counts null keys and null values', () => {
    const operator = run();
    operator.send('1', first);

    expect(operator.send('1', null)).toEqual([]);
    expect(operator.send(null, first)).toEqual([]);
    expect(operator.store('contacts').get('1')).toEqual(first);
    expect(operator.dropped()).toEqual({null_value: 1, null_key: 1});
  });
});
