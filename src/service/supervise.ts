import type {Component} from '../common/component.ts';
import type {Logger} from '../common/logger.ts';

/**
 * Runs the components until `signal` aborts or one of them fails; then stops the others, and rejects with the first
 * failure once all have ended.
 */
export async function supervise(
  components: readonly Component[],
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  const stop = new AbortController();
  const failures: unknown[] = [];
  const onAbort = (): void => stop.abort();
  signal.addEventListener('abort', onAbort, {once: true});
  if (signal.aborted) stop.abort();
  await Promise.all(
    components.map(async (component) => {
      try {
        await component.run(stop.signal);
        logger.debug({component: component.name}, 'stopped');
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }),
  );
  signal.removeEventListener('abort', onAbort);
  if (failures.length > 0) throw failures[0];
}
