import {describe, expect, test} from 'vitest';
import {PartSize} from '../../src/sinks/part-size.ts';

describe('PartSize', () => {
  test('is the whole batch while nothing is rejected', () => {
    expect(new PartSize(50_000).current).toBe(50_000);
  });

  test('is the good rows first, then the rejected row alone', () => {
    const size = new PartSize(100);

    size.rejected(30);
    expect(size.current).toBe(30);
    size.written();

    expect(size.current).toBe(1);
  });

  test('grows again with each part that is written after a rejection', () => {
    const size = new PartSize(50_000);
    size.rejected(0);

    const sizes = Array.from({length: 4}, () => {
      const {current} = size;
      size.written();
      return current;
    });

    expect(sizes).toEqual([1, 4, 16, 64]);
  });

  test('stays at one row while each is rejected', () => {
    const size = new PartSize(50_000);

    size.rejected(0);
    size.rejected(0);

    expect(size.current).toBe(1);
  });
});
