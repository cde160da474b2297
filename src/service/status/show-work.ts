import type {Clock} from '../../common/clock.ts';
import type {Component} from '../../common/component.ts';
import type {ProgressPrinter} from '../terminal/progress-printer.ts';
import {longWork} from './long-work.ts';

const INTERVAL_MS = 250;

/** Keeps the printer up to date about what takes long in the components; returns how to stop it. */
export function showWork(
  printer: Pick<ProgressPrinter, 'show'>,
  components: readonly Component[],
  clock: Clock,
): () => void {
  const stop = clock.every(INTERVAL_MS, () => {
    printer.show(
      longWork(
        Object.fromEntries(components.map((component) => [component.name, component.status()])),
      ),
    );
  });
  return () => {
    stop();
    printer.show([]);
  };
}
