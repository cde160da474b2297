import {expect, test} from 'vitest';
import {Turns} from '../../src/common/turns.ts';

test('work begins when what was given before it has ended, well or not', async () => {
  const turns = new Turns();
  const log: string[] = [];
  let fail!: (error: Error) => void;
  const first = turns.run(async () => {
    log.push('first begins');
    await new Promise((_, reject) => {
      fail = reject;
    });
  });
  const second = turns.run(async () => {
    log.push('second begins');
    return 2;
  });
  const ended = turns.ended().then(() => log.push('ended'));
  await Promise.resolve();
  expect(log).toEqual(['first begins']);

  fail(new Error('no'));

  await expect(first).rejects.toThrow('no');
  await expect(second).resolves.toBe(2);
  await ended;
  expect(log).toEqual(['first begins', 'second begins', 'ended']);
});
