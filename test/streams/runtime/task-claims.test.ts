import {describe, expect, test} from 'vitest';
import {
  NO_CLAIMS,
  decodeTaskClaims,
  encodeTaskClaims,
} from '../../../src/streams/runtime/task-claims.ts';

describe('task claims', () => {
  test('come out as they went in', () => {
    const claims = {
      generationId: 7,
      active: ['0_0', '1_3'],
      standby: ['2_1'],
      offsets: new Map([
        ['0_0', 12],
        ['2_1', 0],
      ]),
    };

    expect(decodeTaskClaims(encodeTaskClaims(claims))).toEqual(claims);
    expect(decodeTaskClaims(encodeTaskClaims(NO_CLAIMS))).toEqual(NO_CLAIMS);
  });

  test.each([
    ['no bytes', ''],
    ['bytes of something else', '\u0000\u0001'],
    ['another version', '{"version":2,"generationId":3,"active":["0_0"],"offsets":{"0_0":5}}'],
    ['a text', '"1"'],
    ['null', 'null'],
  ])('are none in %s', (_what, text) => {
    expect(decodeTaskClaims(Buffer.from(text))).toEqual(NO_CLAIMS);
  });

  test('leave out what is no offset', () => {
    const bytes =
      '{"version":1,"generationId":"x","active":7,"offsets":{"0_0":-1,"0_1":"2","0_2":3}}';

    expect(decodeTaskClaims(Buffer.from(bytes))).toEqual({
      generationId: -1,
      active: [],
      standby: [],
      offsets: new Map([['0_2', 3]]),
    });
  });
});
