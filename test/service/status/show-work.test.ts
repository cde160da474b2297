import {expect, test} from 'vitest';
import type {Component} from '../../../src/common/component.ts';
import {showWork} from '../../../src/service/status/show-work.ts';
import type {Progress} from '../../../src/service/terminal/progress-line.ts';
import {ManualClock} from '../../support/manual-clock.ts';

test('shows what takes long until it is stopped, and takes it away then', () => {
  const clock = new ManualClock();
  const shown: (readonly Progress[])[] = [];
  let restored = 10;
  const streams: Component = {
    name: 'streams',
    run: () => Promise.resolve(),
    status: () => ({state: 'starting', restored: {x: {restored, total: 20}}}),
  };

  const stop = showWork({show: (works) => void shown.push(works)}, [streams], clock);
  clock.advance(250);
  restored = 20;
  clock.advance(250);
  stop();
  clock.advance(250);

  expect(shown.map((works) => works.map(({done}) => done))).toEqual([[10], [], []]);
});
