import * as fc from 'fast-check';

/** One thing that happens to bytes on their way; positions and lengths are taken modulo what there is. */
export interface Mutation {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'repeat' | 'cut';
  readonly at: number;
  readonly value: number;
}

export const mutations: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'set', 'flip', 'insert', 'remove', 'repeat', 'cut'),
  at: fc.nat(0xffff),
  value: fc.nat(255),
});

/** A copy of `bytes` to which all of it has happened, one after another. */
export function mutated(bytes: Buffer, all: readonly Mutation[]): Buffer {
  let result = Buffer.from(bytes);
  for (const {kind, at, value} of all) {
    if (result.length === 0) return result;
    const place = at % result.length;
    const before = result.subarray(0, place);
    const run = 1 + (value % 8);
    if (kind === 'set') result[place] = value;
    else if (kind === 'flip') result[place] = (result[place] as number) ^ (1 << (value % 8));
    else if (kind === 'cut') result = before;
    else if (kind === 'insert')
      result = Buffer.concat([before, Buffer.from([value]), result.subarray(place)]);
    else if (kind === 'remove') result = Buffer.concat([before, result.subarray(place + run)]);
    else
      result = Buffer.concat([before, result.subarray(place, place + run), result.subarray(place)]);
  }
  return result;
}
