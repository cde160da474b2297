import type {PipelineSnapshot} from '../../monitor/pipeline.ts';
import {progressLine} from '../terminal/progress-line.ts';
import {longWork} from './long-work.ts';

/** What a running service has said. */
export interface ServiceAnswers {
  /** `/api/status` */
  readonly status: {readonly components: Readonly<Record<string, ComponentAnswer>>};
  /** `/api/pipeline/snapshot` */
  readonly snapshot: PipelineSnapshot;
}

type ComponentAnswer = Readonly<Record<string, unknown>>;

/** A screen of text: what is wrong first, then the components, what takes long, and how fast it goes. */
export function statusText({status, snapshot}: ServiceAnswers, columns: number): string {
  const {ready, conditions, latency, point} = snapshot;
  const components = Object.entries(status.components);
  const width = Math.max(...components.map(([name]) => name.length));
  const lines = [
    ready ? 'ready' : 'NOT READY',
    ...conditions.map(
      ({severity, code, subject, message}) =>
        `${severity === 'error' ? '!!' : ' !'} ${code} (${subject}): ${message}`,
    ),
    '',
    ...components.map(([name, component]) => `${name.padEnd(width)}  ${componentText(component)}`),
    ...longWork(status.components).map((work) => progressLine(work, columns)),
    '',
    `from commit to topics ${ms(latency.topics)}, through the topology ${ms(latency.streams)}, to the warehouse ${ms(latency.warehouse)}`,
  ];
  if (point !== null)
    lines.push(`${perSecond(point.changes)} changes/s in, ${perSecond(point.rows)} rows/s out`);
  return `${lines.join('\n')}\n`;
}

/** The figures of a component that a person looks for; a component has some of them. */
const figures: readonly (readonly [key: string, text: (value: unknown) => string])[] = [
  ['phase', (phase) => String(phase)],
  ['slot', (slot) => `slot ${String(slot)}`],
  ['confirmedLsn', (lsn) => `at ${String(lsn)}`],
  ['lagMs', (lag) => `${counted(lag)} ms behind`],
  ['lagBytes', (lag) => `${counted(lag)} bytes of WAL to come`],
  ['events', (events) => `${counted(events)} events`],
  ['tasks', (tasks) => `tasks ${Object.keys(tasks as object).join(' ')}`],
  ['rowsWritten', (rows) => `${counted(rows)} rows`],
  ['lag', (lag) => `${counted(lag)} records to come`],
];

function componentText(component: ComponentAnswer): string {
  const known = figures.flatMap(([key, text]) => {
    const value = component[key];
    return value === undefined || value === null ? [] : [text(value)];
  });
  return [String(component['state']), ...known].join(', ');
}

function counted(value: unknown): string {
  return Number(value).toLocaleString('en');
}

function ms(latency: number | null): string {
  return latency === null ? '-' : `${latency.toLocaleString('en')} ms`;
}

function perSecond(rate: number): string {
  return rate.toLocaleString('en', {maximumFractionDigits: 1});
}
