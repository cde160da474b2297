import {describe, expect, test} from 'vitest';
import {decodeStandbys, encodeStandbys} from '../../../src/streams/runtime/assigned-standbys.ts';

describe('assigned standbys', () => {
  test('come out as they went in', () => {
    expect(decodeStandbys(encodeStandbys(['0_1', '2_0']))).toEqual(['0_1', '2_0']);
  });

  test.each([
    ['no bytes', ''],
    ['bytes of something else', '\u0000\u0001'],
    ['another version', '{"version":2,"standby":["0_1"]}'],
    ['no list', '{"version":1,"standby":"0_1"}'],
    ['null', 'null'],
  ])('are none in %s', (_what, text) => {
    expect(decodeStandbys(Buffer.from(text))).toEqual([]);
  });
});
