import type {Clock} from '../common/clock.ts';
import {CheckWarning} from './sink-check.ts';
import type {CheckStep} from './sink-check.ts';

/** Tokens that a login signs are good for a minute or two. */
const toleratedMs = 30_000;

/** Compares the clock with that of the warehouse, which `warehouseNow` asks for in milliseconds since 1970. */
export function clockStep(clock: Clock, warehouseNow: () => Promise<number>): CheckStep {
  return {
    name: 'compare the clocks',
    remedy: 'let NTP set the clock of this machine',
    run: async () => {
      const sent = clock.now();
      const there = await warehouseNow();
      // Whenever the warehouse looked, it was between the two.
      const apartMs = Math.max(0, sent - there, there - clock.now());
      const apart = `${(apartMs / 1000).toFixed(1)} s apart`;
      if (!(apartMs <= toleratedMs)) throw new CheckWarning(apart);
      return apart;
    },
  };
}
