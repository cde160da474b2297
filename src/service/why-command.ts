import type {Config} from '../config/config.ts';
import type {LineageAnswer} from '../streams/runtime/queries/lineage-answer.ts';
import {askService} from './ask-service.ts';
import {lineageText} from './lineage-text.ts';

/** What `millrace why` was called with. */
export interface WhyCommand {
  readonly topic: string;
  readonly key: string;
  /** Of a running service; undefined for where the configuration says that it listens. */
  readonly url: string | undefined;
  readonly format: 'text' | 'json';
}

/** How long the service may take: it looks into topics and warehouses. */
const TIMEOUT_MS = 30_000;

/**
 * Asks a running service where a record comes from, with the `http.auth.token` of the configuration; returns what to print.
 *
 * @throws FatalError when the service cannot be reached, or does not know.
 */
export async function whyCommand(config: Config, command: WhyCommand): Promise<string> {
  const {topic, key, url, format} = command;
  const path = `/api/lineage/${encodeURIComponent(topic)}/${encodeURIComponent(key)}`;
  const question = {url, path, timeoutMs: TIMEOUT_MS, refusal: 'LINEAGE_UNAVAILABLE'} as const;
  const answer = await askService(config, question);
  return format === 'json'
    ? `${JSON.stringify(answer, undefined, 2)}\n`
    : lineageText(answer as LineageAnswer);
}
