import {setTimeout as pause} from 'node:timers/promises';

/** Asks until the answer is yes; fails, naming what was waited for, after `timeoutMs`, with what `found` tells then. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
  found: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms until ${what} ${found()}`);
    await pause(10);
  }
}
