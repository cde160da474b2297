import {describe, expect, test} from 'vitest';
import {ok} from '../../../src/common/check-result.ts';
import {systemClock} from '../../../src/common/clock.ts';
import {FatalError} from '../../../src/common/errors.ts';
import {runChecks} from '../../../src/service/check/component-results.ts';
import type {ComponentCheck} from '../../../src/service/check/component-results.ts';

const never = new AbortController().signal;

function check(component: string, run: ComponentCheck['run']): ComponentCheck {
  return {component, run};
}

/** Reports one result, and never ends. */
const stuck = check('stuck', (report) => {
  report(ok('before', ''));
  return new Promise(() => undefined);
});

describe('runChecks', () => {
  test('lets none hide another: one throws, one never ends, the others tell what they find', async () => {
    const found = await runChecks(
      [
        check('broken', async (report) => {
          report(ok('first', ''));
          throw new FatalError('CONFIG_INVALID', 'the file is gone; put it back');
        }),
        stuck,
        check('fine', async (report) => report(ok('all', 'there'))),
      ],
      20,
      systemClock,
      never,
    );

    expect(found).toEqual([
      {
        component: 'broken',
        results: [
          ok('first', ''),
          {name: 'the check', outcome: 'failed', detail: 'the file is gone', remedy: 'put it back'},
        ],
      },
      {
        component: 'stuck',
        results: [
          ok('before', ''),
          {
            name: 'the check',
            outcome: 'failed',
            detail: 'it did not end within 0.02 s',
            remedy: 'see what does not answer',
          },
        ],
      },
      {component: 'fine', results: [ok('all', 'there')]},
    ]);
  });

  test('runs them side by side', async () => {
    let arrived: (() => void) | undefined;
    const met = new Promise<void>((resolve) => {
      arrived = resolve;
    });

    const found = await runChecks(
      [check('waits', () => met), check('arrives', async () => arrived?.())],
      60_000,
      systemClock,
      never,
    );

    expect(found.flatMap(({results}) => results)).toEqual([]);
  });

  test('ends when it is interrupted', async () => {
    const stop = new AbortController();
    const running = runChecks([stuck], 60_000, systemClock, stop.signal);
    stop.abort();

    expect((await running)[0]?.results.map(({detail}) => detail)).toEqual([
      '',
      'it was interrupted',
    ]);
  });

  test('does not count what comes after the end', async () => {
    let late: (() => void) | undefined;
    const found = await runChecks(
      [
        check('late', (report) => {
          late = () => report(ok('late', ''));
          return new Promise(() => undefined);
        }),
      ],
      1,
      systemClock,
      never,
    );

    late?.();

    expect(found[0]?.results).toHaveLength(1);
  });
});
