import {parsePrometheusText} from './prometheus-text.ts';
import type {ServiceProcess} from './service-process.ts';

/** Where the service tells of a condition; true where it does so now. */
export interface ToldStory {
  /** By 503 and a reason, or as a warning. */
  readonly readyz: boolean;
  readonly metrics: boolean;
  /** `/api/pipeline/snapshot`, which the page shows. */
  readonly page: boolean;
  readonly status: boolean;
  /** The last line about it says that it has begun, and not that it is over. */
  readonly log: boolean;
}

export const everywhere: ToldStory = {
  readyz: true,
  metrics: true,
  page: true,
  status: true,
  log: true,
};

export const nowhere: ToldStory = {
  readyz: false,
  metrics: false,
  page: false,
  status: false,
  log: false,
};

interface Named {
  readonly code?: string;
  readonly subject?: string;
}

/** Where `service` tells, at this moment, that the condition `code` of `subject` holds. */
export async function toldStory(
  service: ServiceProcess,
  code: string,
  subject: string,
): Promise<ToldStory> {
  const isIt = (named: Named): boolean => named.code === code && named.subject === subject;
  const [readyz, metrics, page, status, log] = await Promise.all([
    fetch(service.url('/readyz')),
    fetch(service.url('/metrics')),
    fetch(service.url('/api/pipeline/snapshot')),
    service.status(),
    service.logged(),
  ]);
  const {reasons, warnings} = (await readyz.json()) as Record<'reasons' | 'warnings', string[]>;
  const tells = (why: string): boolean => why.startsWith(`${code} (${subject}): `);
  const families = parsePrometheusText(await metrics.text());
  const samples = families.flatMap((family) => family.samples);
  const snapshot = (await page.json()) as {readonly conditions: readonly Named[]};
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Named & {readonly msg: string})
    .filter(isIt);
  return {
    readyz: (readyz.status === 503 && reasons.some(tells)) || warnings.some(tells),
    metrics: samples.some(
      ({name, labels, value}) => name === 'millrace_condition' && isIt(labels) && value === 1,
    ),
    page: snapshot.conditions.some(isIt),
    status: status.conditions.some(isIt),
    log: lines.length > 0 && lines.at(-1)?.msg !== `${code} is over`,
  };
}
