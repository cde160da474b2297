import {describe, expect, test} from 'vitest';
import {createLogger} from '../../src/common/logger.ts';
import type {LogLevel} from '../../src/common/logger.ts';
import {Secrets} from '../../src/common/secrets.ts';

function linesOf(level: LogLevel, log: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  log(
    createLogger(level, new Secrets(['hunter22', '40']), {write: (line) => void lines.push(line)}),
  );
  return lines;
}

describe('createLogger', () => {
  test('writes a line of JSON without a secret, in message, fields, errors and the fields of children', () => {
    const lines = linesOf('info', (logger) =>
      logger
        .child({source: 'hunter22'})
        .child({component: 'x'})
        .warn({reason: 'hunter22', error: new Error('no hunter22')}, 'not hunter22, 40 times'),
    );

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('hunter22');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      source: '***',
      component: 'x',
      reason: '***',
      error: {message: 'no ***'},
      msg: 'not ***, *** times',
    });
  });

  test('writes nothing below its level, also for a child', () => {
    const lines = linesOf('warn', (logger) => {
      logger.info({}, 'a');
      logger.child({}).debug({}, 'b');
      logger.child({}).error({}, 'c');
    });

    expect(lines.map((line) => (JSON.parse(line) as {msg: string}).msg)).toEqual(['c']);
  });
});
