import {createLogUpdate} from 'log-update';
import type {Clock} from '../../common/clock.ts';
import {messageOf} from '../../common/errors.ts';
import type {Config} from '../../config/config.ts';
import {pipelineSnapshot} from '../../monitor/pipeline.ts';
import {askService} from '../ask-service.ts';
import type {OutputStream} from '../terminal/progress-printer.ts';
import {statusText} from './status-text.ts';
import type {ServiceAnswers} from './status-text.ts';

/** What `millrace status` was called with. */
export interface StatusCommand {
  /** Of a running service; undefined for where the configuration says that it listens. */
  readonly url: string | undefined;
  /** Print once, also on a terminal. */
  readonly once: boolean;
  readonly format: 'text' | 'json';
}

export interface StatusDeps {
  readonly clock: Clock;
  readonly stream: OutputStream;
}

/** The service looks at Kafka for up to 5 s. */
const TIMEOUT_MS = 10_000;
const INTERVAL_MS = 1000;
const PIPE_COLUMNS = 200;

/**
 * Shows how a running service does: on a terminal again each second until `signal` aborts, also while the service is away
 * or starts again; elsewhere once.
 *
 * @throws FatalError SERVICE_UNREACHABLE when it is shown once and there is no answer.
 */
export async function statusCommand(
  config: Config,
  {url, once, format}: StatusCommand,
  signal: AbortSignal,
  {clock, stream}: StatusDeps,
): Promise<void> {
  const columns = stream.columns ?? PIPE_COLUMNS;
  if (once || format === 'json' || stream.isTTY !== true) {
    const answers = await ask(config, url);
    stream.write(
      format === 'json'
        ? `${JSON.stringify(answers, undefined, 2)}\n`
        : statusText(answers, columns),
    );
    return;
  }
  const redraw = createLogUpdate(stream, {showCursor: true});
  while (!signal.aborted) {
    redraw(await screen());
    await clock.sleep(INTERVAL_MS, signal);
  }
  redraw.done();

  async function screen(): Promise<string> {
    try {
      return statusText(await ask(config, url), columns);
    } catch (error) {
      return `NOT READY\n\n${messageOf(error)}\n`;
    }
  }
}

async function ask(config: Config, url: string | undefined): Promise<ServiceAnswers> {
  const question = {url, timeoutMs: TIMEOUT_MS, refusal: 'SERVICE_UNREACHABLE'} as const;
  const [status, snapshot] = await Promise.all([
    askService(config, {...question, path: '/api/status'}),
    askService(config, {...question, path: '/api/pipeline/snapshot'}),
  ]);
  return {
    status: status as ServiceAnswers['status'],
    snapshot: pipelineSnapshot.parse(snapshot),
  };
}
