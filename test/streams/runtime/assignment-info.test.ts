import {describe, expect, test} from 'vitest';
import {
  NO_INFO,
  decodeAssignmentInfo,
  encodeAssignmentInfo,
} from '../../../src/streams/runtime/assignment-info.ts';

describe('assignment info', () => {
  test('comes out as it went in', () => {
    const info = {
      standbys: ['0_1', '2_0'],
      tasksByServer: new Map([
        ['10.0.0.1:8080', ['0_0', '1_0']],
        ['10.0.0.2:8080', []],
      ]),
    };

    expect(decodeAssignmentInfo(encodeAssignmentInfo(info))).toEqual(info);
    expect(decodeAssignmentInfo(encodeAssignmentInfo(NO_INFO))).toEqual(NO_INFO);
  });

  test('has no addresses where the leader is of an earlier version', () => {
    const told = decodeAssignmentInfo(Buffer.from('{"version":1,"standby":["0_1"]}'));

    expect(told).toEqual({standbys: ['0_1'], tasksByServer: new Map()});
  });

  test.each([
    ['no bytes', ''],
    ['bytes of something else', '\u0000\u0001'],
    ['another version', '{"version":2,"standby":["0_1"]}'],
    ['no list', '{"version":1,"standby":"0_1"}'],
    ['null', 'null'],
  ])('is none in %s', (_what, text) => {
    expect(decodeAssignmentInfo(Buffer.from(text))).toEqual(NO_INFO);
  });
});
