import {beforeEach, describe, expect, test} from 'vitest';
import {RecordMemory} from '../../../src/kafka/memory-records/record-memory.ts';

const LARGE = 1 << 20;

describe('RecordMemory', () => {
  let memory: RecordMemory;
  beforeEach(() => {
    memory = new RecordMemory();
  });

  /** How many of the pieces that were given are handed out again. */
  function reused(given: readonly Buffer[], bytes: number): number {
    const known = new Set(given.map(({buffer}) => buffer));
    for (const piece of given) memory.give(piece);
    const taken = given.map(() => memory.take(bytes));
    return new Set(taken.map(({buffer}) => buffer).filter((buffer) => known.has(buffer))).size;
  }

  test('hands out what was given back, whole', () => {
    const piece = memory.take(LARGE);

    expect(reused([piece.subarray(10, 20)], LARGE - 1)).toBe(1);
    memory.give(piece);
    expect(memory.take(LARGE - 1).length).toBe(LARGE);
  });

  test('hands it out to one at a time', () => {
    memory.give(memory.take(LARGE));

    expect(memory.take(LARGE).buffer === memory.take(LARGE).buffer).toBe(false);
  });

  test('never hands out less than was asked for', () => {
    memory.give(memory.take(LARGE));

    expect(memory.take(2 * LARGE).length).toBe(2 * LARGE);
  });

  test('takes a piece that serves the next batch too, which may be a little larger', () => {
    memory.give(memory.take(LARGE * 0.6));

    expect(reused([memory.take(LARGE * 0.9)], LARGE * 0.9)).toBe(1);
    expect(memory.take(LARGE * 0.6).length).toBe(LARGE);
  });

  test('rather keeps large pieces, which serve everybody', () => {
    const large = Array.from({length: 16}, () => memory.take(LARGE));
    const small = Array.from({length: 16}, () => memory.take(LARGE / 4));

    expect(reused([...small, ...large], LARGE)).toBe(16);
  });

  test('keeps neither small pieces nor huge ones, and of the others a few', () => {
    expect(reused([memory.take(1000)], 1000)).toBe(0);
    expect(reused([memory.take(8 * LARGE)], 8 * LARGE)).toBe(0);
    const many = Array.from({length: 20}, () => memory.take(LARGE));
    expect(reused(many, LARGE)).toBe(16);
  });
});
