import {EventEmitter, once} from 'node:events';
import {beforeEach, describe, expect, test} from 'vitest';
import {WritesUnderWay} from '../../../src/streams/runtime/writes-under-way.ts';

interface Write {
  readonly run: () => Promise<void>;
  readonly end: () => unknown;
  readonly fail: (error: Error) => unknown;
}

describe('WritesUnderWay', () => {
  let writes: WritesUnderWay;
  let begun: string[];
  beforeEach(() => {
    writes = new WritesUnderWay();
    begun = [];
  });

  /** A write that ends when it is told to. */
  function write(name: string): Write {
    const ended = new EventEmitter();
    return {
      run: async () => {
        begun.push(name);
        await once(ended, 'end');
      },
      end: () => ended.emit('end'),
      fail: (error) => ended.emit('error', error),
    };
  }

  test('starts writes of other keys while one goes on', async () => {
    const [a, b] = [write('a'), write('b')];

    await writes.start('a', a.run);
    await writes.start('b', b.run);

    expect(begun).toEqual(['a', 'b']);
    a.end();
    b.end();
    await writes.done();
  });

  test('starts the next of a key when the last is done', async () => {
    const [first, second] = [write('first'), write('second')];
    await writes.start('a', first.run);
    const started = writes.start('a', second.run);
    await new Promise(setImmediate);
    expect(begun).toEqual(['first']);

    first.end();
    await started;

    expect(begun).toEqual(['first', 'second']);
    second.end();
    await writes.done();
  });

  test('throws at the next of its key what has failed', async () => {
    const failing = write('failing');
    await writes.start('a', failing.run);
    failing.fail(new Error('no space'));
    await new Promise(setImmediate);

    await expect(writes.start('a', write('next').run)).rejects.toThrow('no space');
    expect(begun).toEqual(['failing']);
  });

  test('waits at the end for all, then throws what has failed', async () => {
    const [failing, slow] = [write('failing'), write('slow')];
    await writes.start('a', failing.run);
    await writes.start('b', slow.run);
    let isOver = false;
    const done = writes.done().finally(() => {
      isOver = true;
    });
    failing.fail(new Error('no space'));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);

    slow.end();

    await expect(done).rejects.toThrow('no space');
  });
});
