import {array, assert, constantFrom, property, record, string} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {SortedKeys} from '../../src/state/sorted-keys.ts';

const key = string({unit: constantFrom('a', 'b', '\x00', '\xff'), maxLength: 6});

describe('SortedKeys', () => {
  test('holds what a sorted set holds', () => {
    const operation = record({key, kind: constantFrom('add', 'add', 'add', 'delete')});
    assert(
      property(array(operation, {maxLength: 200}), key, (operations, prefix) => {
        const keys = new SortedKeys();
        const model = new Set<string>();
        for (const {key: changed, kind} of operations) {
          if (kind === 'add') {
            keys.add(changed);
            model.add(changed);
          } else {
            keys.delete(changed);
            model.delete(changed);
          }
        }

        const expected = [...model].filter((k) => k.startsWith(prefix)).toSorted(byCodeUnits);
        expect(keys.withPrefix(prefix)).toEqual(expected);
      }),
    );
  });

  test('stays sorted through many splits and removals', () => {
    const all = Array.from({length: 5000}, (_, i) => String((i * 7919) % 5000).padStart(4, '0'));
    const keys = new SortedKeys();
    for (const k of all) keys.add(k);
    for (const k of all.slice(0, 2500)) keys.delete(k);

    expect(keys.withPrefix('')).toEqual(all.slice(2500).toSorted(byCodeUnits));
    expect(keys.withPrefix('12')).toEqual(
      all
        .slice(2500)
        .filter((k) => k.startsWith('12'))
        .toSorted(byCodeUnits),
    );
  });

  test('can be built from sorted keys', () => {
    const all = Array.from({length: 1000}, (_, i) => String(i).padStart(4, '0'));
    const keys = SortedKeys.fromSorted(all);

    keys.add('0500a');
    keys.delete('0000');

    expect(keys.withPrefix('')).toEqual([...all.slice(1, 501), '0500a', ...all.slice(501)]);
  });
});

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
