import type {NodeNumbers} from '../../src/monitor/pipeline.ts';

/**
 * How hard pressed a part is, as its colour shows it: `down` does not run, `full` works all the time or is more than ten
 * seconds behind, `high` more than half the time or two seconds, `calm` less, `unknown` in another process.
 */
export type Load = 'down' | 'full' | 'high' | 'calm' | 'unknown';

export const loadText: Readonly<Record<Load, string>> = {
  down: 'not running',
  full: 'saturated or behind',
  high: 'busy',
  calm: 'keeps up',
  unknown: 'not known here',
};

export function loadOf({state, busy, lag, rate}: NodeNumbers): Load {
  if (state !== undefined) return 'down';
  const secondsBehind = lag === undefined || lag === null ? 0 : lag / Math.max(1, rate ?? 0);
  const part = busy ?? 0;
  if (part >= 0.9 || secondsBehind > 10) return 'full';
  if (part >= 0.5 || secondsBehind > 2) return 'high';
  return rate === undefined && busy === undefined ? 'unknown' : 'calm';
}

/** Of several together: rates as at the busiest, times and sizes added up. */
export function together(numbers: readonly NodeNumbers[]): NodeNumbers {
  const rates = numbers.flatMap(({rate}) => rate ?? []);
  const records = numbers.flatMap((own) => own.records ?? []);
  const busy = numbers.flatMap((own) => own.busy ?? []);
  const lags = numbers.flatMap(({lag}) => lag ?? []);
  const state = numbers.find((own) => own.state !== undefined)?.state;
  return {
    records: Math.max(0, ...records),
    rate: rates.length === 0 ? null : Math.max(...rates),
    ...(busy.length > 0 && {busy: busy.reduce((sum, part) => sum + part, 0)}),
    ...(lags.length > 0 && {lag: lags.reduce((sum, lag) => sum + lag, 0)}),
    ...(state !== undefined && {state}),
  };
}
