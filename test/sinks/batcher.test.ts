import {array, assert, integer, property, record} from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Batcher} from '../../src/sinks/batcher.ts';
import type {BatchEntry} from '../../src/sinks/batcher.ts';

const limits = {batchSize: 3, bufferBytes: 100, lingerMs: 0};

function entries(from: number, count: number, bytes = 1): readonly BatchEntry[] {
  return Array.from({length: count}, (_, i) => ({offset: from + i, bytes}));
}

function offsets({entries: taken}: {readonly entries: readonly BatchEntry[]}): readonly number[] {
  return taken.map(({offset}) => offset);
}

describe('Batcher', () => {
  test('has nothing to write at first, nor when nothing new was read', () => {
    const batcher = new Batcher(limits, 5);

    batcher.add([], 5, 0);

    expect(batcher.dueIn(0)).toBeUndefined();
    expect(batcher.isFull).toBe(false);
  });

  test('makes one batch of all that has arrived', () => {
    const batcher = new Batcher(limits, 5);
    batcher.add(entries(5, 1), 6, 0);
    batcher.add(entries(7, 1), 9, 1);

    const batch = batcher.take();

    expect(offsets(batch)).toEqual([5, 7]);
    expect(batch).toMatchObject({startOffset: 5, nextOffset: 9});
    expect(batcher.dueIn(1)).toBeUndefined();
  });

  test('has something to write when only the position has moved', () => {
    const batcher = new Batcher(limits, 5);
    batcher.add([], 8, 0);

    expect(batcher.dueIn(0)).toBe(0);
    expect(batcher.take()).toEqual({entries: [], startOffset: 5, nextOffset: 8});
  });

  test('ends a batch behind its last entry when there are too many, and goes on from there', () => {
    const batcher = new Batcher(limits, 0);
    batcher.add(entries(0, 5), 7, 0);

    expect(batcher.take()).toMatchObject({startOffset: 0, nextOffset: 3});
    const rest = batcher.take();

    expect(offsets(rest)).toEqual([3, 4]);
    expect(rest).toMatchObject({startOffset: 3, nextOffset: 7});
  });

  test('ends a batch where the position was when what arrived next does not fit', () => {
    const batcher = new Batcher(limits, 0);
    batcher.add(entries(0, 3), 9, 0);
    batcher.add(entries(9, 1), 10, 0);

    expect(batcher.take()).toMatchObject({nextOffset: 9});
    expect(batcher.take()).toMatchObject({startOffset: 9, nextOffset: 10});
  });

  test('keeps within its bytes, but for an entry that has more alone', () => {
    const batcher = new Batcher(limits, 0);
    batcher.add([...entries(0, 2, 50), ...entries(2, 1, 500), ...entries(3, 1, 60)], 4, 0);
    batcher.add(entries(4, 1, 41), 5, 0);

    expect([1, 2, 3, 4].map(() => offsets(batcher.take()))).toEqual([[0, 1], [2], [3], [4]]);
  });

  test.each([
    ['rows', entries(0, 2), entries(2, 1)],
    ['bytes', entries(0, 1, 60), entries(1, 1, 40)],
  ])('is full by %s, and then due at once', (_, first, second) => {
    const batcher = new Batcher({...limits, lingerMs: 1000}, 0);
    batcher.add(first, first.length, 0);
    expect(batcher.isFull).toBe(false);
    expect(batcher.dueIn(0)).toBe(1000);

    batcher.add(second, 3, 0);

    expect(batcher.isFull).toBe(true);
    expect(batcher.dueIn(0)).toBe(0);
    batcher.take();
    expect(batcher.isFull).toBe(false);
  });

  test('is due once the oldest entry has waited for the linger', () => {
    const batcher = new Batcher({...limits, lingerMs: 20}, 0);
    batcher.add(entries(0, 1), 1, 100);
    batcher.add(entries(1, 1), 2, 115);

    expect(batcher.dueIn(100)).toBe(20);
    expect(batcher.dueIn(115)).toBe(5);
    expect(batcher.dueIn(300)).toBe(0);
  });

  test('counts the age of what is left from when that arrived', () => {
    const batcher = new Batcher({...limits, lingerMs: 20}, 0);
    batcher.add(entries(0, 3), 3, 100);
    batcher.add(entries(3, 1), 4, 115);
    batcher.take();

    expect(batcher.dueIn(120)).toBe(15);
  });

  test('hands out every entry once, in order and within the limits, and leaves no gap between batches', () => {
    const arrival = record({
      count: integer({min: 0, max: 8}),
      gap: integer({min: 0, max: 2}),
      bytes: integer({min: 0, max: 60}),
      takes: integer({min: 0, max: 2}),
    });

    assert(
      property(array(arrival), (arrivals) => {
        const batcher = new Batcher(limits, 0);
        const batches: ReturnType<typeof batcher.take>[] = [];
        const added: BatchEntry[] = [];
        let position = 0;
        for (const {count, gap, bytes, takes} of arrivals) {
          const some = entries(position, count, bytes);
          position += count + gap;
          added.push(...some);
          batcher.add(some, position, 0);
          for (let i = 0; i < takes && !batcher.isEmpty; i++) batches.push(batcher.take());
        }
        while (!batcher.isEmpty) batches.push(batcher.take());

        expect(batches.flatMap((batch) => batch.entries)).toEqual(added);
        expect(batches.map(({startOffset}) => startOffset)).toEqual(
          [0, ...batches.map(({nextOffset}) => nextOffset)].slice(0, -1),
        );
        expect(batches.at(-1)?.nextOffset ?? 0).toBe(position);
        for (const {entries: taken} of batches) {
          const bytes = taken.reduce((sum, entry) => sum + entry.bytes, 0);
          expect(taken.length).toBeLessThanOrEqual(limits.batchSize);
          expect(taken.length <= 1 || bytes <= limits.bufferBytes).toBe(true);
        }
        expect(batcher.isFull).toBe(false);
      }),
    );
  });
});
