import {describe, expect, test} from 'vitest';
import {array, bytes, struct, varchar} from '../../../src/serde/schema.ts';
import type {Infer} from '../../../src/serde/schema.ts';
import {toTable} from '../../../src/streams/operators/to-table.ts';
import {runOperator} from '../../../src/streams/testing/run-operator.ts';

const Contact = struct({email: varchar(), photo: bytes(), tags: array(varchar())});
type Contact = Infer<typeof Contact>;

const run = () => runOperator(toTable<string | null, Contact>('contacts', Contact));
const ada = (email: string | null = 'ada@example.com'): Contact => ({
  email,
  photo: Buffer.of(1, 2),
  tags: ['a', null],
});

describe('toTable', () => {
  test('replaces the row as a whole, NULLs included', () => {
    const operator = run();
    operator.send('1', ada());

    const changes = operator.send('1', ada(null), {timestamp: 7});

    expect(changes).toEqual([
      {key: '1', value: {old: ada(), new: ada(null)}, timestamp: 7, headers: []},
    ]);
    expect(operator.store('contacts').get('1')).toEqual(ada(null));
  });

  test.each<[string, Contact, Contact]>([
    ['text', ada(), ada('eve@example.com')],
    ['bytes', ada(), {...ada(), photo: Buffer.of(1, 3)}],
    ['an array', ada(), {...ada(), tags: ['a', 'b']}],
    ['a longer array', ada(), {...ada(), tags: ['a', null, null]}],
    ['null to a value', ada(null), ada()],
  ])('forwards a change of %s', (_what, before, after) => {
    const operator = run();
    operator.send('1', before);

    expect(operator.send('1', after)).toMatchObject([{value: {old: before, new: after}}]);
  });

  test('says nothing of an update that changes no declared column', () => {
    const operator = run();
    operator.send('1', ada());

    expect(operator.send('1', ada())).toEqual([]);
    expect(operator.send('1', {...ada(), extra: 1} as Contact)).toEqual([]);
  });

  test('deletes on a null value', () => {
    const operator = run();
    operator.send('1', ada());

    expect(operator.send('1', null)).toMatchObject([{value: {old: ada(), new: undefined}}]);
    expect(operator.store('contacts').get('1')).toBeUndefined();
  });

  test('says nothing of deleting what is not there', () => {
    const operator = run();

    expect(operator.send('1', null)).toEqual([]);
    expect(operator.dropped()).toEqual({});
  });

  test('drops and counts null keys', () => {
    const operator = run();

    expect(operator.send(null, ada())).toEqual([]);
    expect(operator.dropped()).toEqual({null_key: 1});
  });
});
