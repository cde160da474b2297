/** Resolves when `signal` aborts, or has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), {once: true});
  });
}

/** Resolves with `work`, or as soon as `signal` aborts; the work goes on. Leaves no listener behind. */
export async function doneOrAborted(
  work: Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return work;
  const ended = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), {once: true, signal: ended.signal});
  });
  try {
    if (!signal.aborted) await Promise.race([work, stopped]);
  } finally {
    ended.abort();
  }
}
