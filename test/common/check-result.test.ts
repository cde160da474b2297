import {describe, expect, test} from 'vitest';
import {failedBy} from '../../src/common/check-result.ts';
import {FatalError} from '../../src/common/errors.ts';

describe('failedBy', () => {
  test('tells the remedy of a message of the service apart', () => {
    expect(
      failedBy('a', new FatalError('CONFIG_INVALID', 'it is so; said the log; do this')),
    ).toEqual({
      name: 'a',
      outcome: 'failed',
      detail: 'it is so; said the log',
      remedy: 'do this',
    });
  });

  test('takes another message whole, and the remedy that is given', () => {
    expect(failedBy('a', new Error('no'))).toEqual({name: 'a', outcome: 'failed', detail: 'no'});
    expect(failedBy('a', new Error('no; never'), {remedy: 'ask'})).toMatchObject({
      detail: 'no; never',
      remedy: 'ask',
    });
  });
});
