import {describe, expect, test} from 'vitest';
import {mistakeLines} from '../../src/config/mistake.ts';

describe('mistakeLines', () => {
  test('says where, which key and what, in the order of the file', () => {
    const lines = mistakeLines('m.yaml', [
      {path: ['a', 'b.c'], message: 'is required', position: {from: 'environment variable X'}},
      {path: ['late'], message: ': expected y', position: {line: 10, column: 1}},
      {path: ['right'], message: 'is empty', position: {line: 2, column: 12}},
      {path: [], message: 'unreadable', position: {line: 2, column: 3}},
      {path: ['nowhere'], message: 'is required', position: undefined},
    ]);

    expect(lines).toEqual([
      'm.yaml:2:3: unreadable',
      'm.yaml:2:12: right is empty',
      'm.yaml:10:1: late: expected y',
      'environment variable X: a.b.c is required',
      'm.yaml: nowhere is required',
    ]);
  });

  test('says nothing of a file where there is none', () => {
    expect(
      mistakeLines(undefined, [{path: ['a'], message: 'is required', position: undefined}]),
    ).toEqual(['a is required']);
  });

  test('says the same thing once', () => {
    const mistake = {path: ['a'], message: 'is required', position: {line: 1, column: 1}};

    expect(mistakeLines('m.yaml', [mistake, mistake])).toHaveLength(1);
  });

  test('keeps mistakes at one place in the order of their report', () => {
    const position = {line: 1, column: 1};
    const mistakes = ['b', 'a'].map((name) => ({path: [name], message: 'is required', position}));

    expect(mistakeLines(undefined, mistakes)).toEqual(['b is required', 'a is required']);
  });
});
