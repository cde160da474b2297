import {describe, expect, test} from 'vitest';
import {endOfTimeline} from '../../../../src/cdc/postgres/slot/timeline.ts';

describe('endOfTimeline', () => {
  const history = ['1\t0/3000000\tno recovery target specified', '', '2\t1/A0\tbefore 2024-01-01'];

  test('finds where an ancestor was left', () => {
    expect(endOfTimeline(history.join('\n'), 1)).toBe(0x3000000n);
    expect(endOfTimeline(history.join('\n'), 2)).toBe(0x1000000a0n);
  });

  test('knows no timeline that is not an ancestor', () => {
    expect(endOfTimeline(history.join('\n'), 3)).toBeUndefined();
    expect(endOfTimeline('', 1)).toBeUndefined();
  });
});
