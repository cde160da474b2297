import {PassThrough} from 'node:stream';
import {describe, expect, test} from 'vitest';
import {ProgressPrinter} from '../../../src/service/terminal/progress-printer.ts';

function written(isTTY: boolean, use: (printer: ProgressPrinter) => void): string {
  const stream = Object.assign(new PassThrough(), {isTTY, columns: 80, rows: 24});
  use(new ProgressPrinter(stream));
  return String(stream.read() ?? '');
}

const work = (done: number) => ({label: 'copy', done, total: 2, unit: 'rows'});

describe('ProgressPrinter', () => {
  test('draws bars again on a terminal, and text above them', () => {
    const text = written(true, (printer) => {
      printer.show([work(1)]);
      printer.write('a line\n');
      printer.show([work(2)]);
      printer.show([]);
    });

    expect(text.match(/copy/g)).toHaveLength(3);
    expect(text).toContain('\u001B[');
    expect(text.indexOf('a line')).toBeGreaterThan(text.indexOf('50 %'));
  });

  test('writes plain lines elsewhere, of what has ended', () => {
    const text = written(false, (printer) => {
      printer.show([work(1)]);
      printer.write('a line\n');
      printer.show([work(2)]);
      printer.show([]);
    });

    expect(text).toBe('a line\ncopy  [########################] 100 %  2 of 2 rows\n');
  });
});
