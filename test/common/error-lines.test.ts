import {describe, expect, test} from 'vitest';
import {errorLines} from '../../src/common/error-lines.ts';
import {FatalError, RetriableError} from '../../src/common/errors.ts';

describe('errorLines', () => {
  test('says what is wrong, and its code', () => {
    expect(errorLines(new RetriableError('SINK_UNREACHABLE', 'the file is locked'))).toEqual([
      'error: the file is locked (SINK_UNREACHABLE)',
    ]);
  });

  test('gives each mistake in the configuration a line, which says where it stands and needs no code', () => {
    expect(errorLines(new FatalError('CONFIG_INVALID', 'm.yaml:1:1: a\nm.yaml:2:1: b'))).toEqual([
      'error: m.yaml:1:1: a',
      'error: m.yaml:2:1: b',
    ]);
  });

  test('keeps any other message on one line', () => {
    expect(
      errorLines(new FatalError('SINK_TABLE_MISMATCH', 'Binder Error:\n  LINE 1\r\n')),
    ).toEqual(['error: Binder Error: LINE 1 (SINK_TABLE_MISMATCH)']);
  });
});
