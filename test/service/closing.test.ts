import {describe, expect, test} from 'vitest';
import {Closing} from '../../src/service/closing.ts';

describe('Closing', () => {
  test('closes last first when its block ends, also by an error', async () => {
    const closed: string[] = [];
    const work = async (): Promise<void> => {
      await using closing = new Closing();
      for (const name of ['log', 'stores', 'server'])
        closing.defer(async () => void closed.push(name));
      throw new Error('failed at work');
    };

    await expect(work()).rejects.toThrow('failed at work');

    expect(closed).toEqual(['server', 'stores', 'log']);
  });

  test('closes the others when one fails, and reports the failure', async () => {
    const closed: string[] = [];
    const work = async (): Promise<void> => {
      await using closing = new Closing();
      closing.defer(async () => void closed.push('log'));
      closing.defer(() => Promise.reject(new Error('stores do not close')));
    };

    await expect(work()).rejects.toThrow('stores do not close');

    expect(closed).toEqual(['log']);
  });
});
