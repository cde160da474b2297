import type {JSX} from 'preact';
import type {PipelineSnapshot} from '../src/monitor/pipeline.ts';
import {duration} from './format.ts';

/** How long after its commit a change is at each stage. */
export function Stages({latency}: {readonly latency: PipelineSnapshot['latency']}): JSX.Element {
  const stages = [
    ['Postgres', 'commit'],
    ['Topics', after(latency.topics)],
    ['Streams', after(latency.streams)],
    ['Warehouse', after(latency.warehouse)],
  ] as const;
  return (
    <ol class="stages" aria-label="Time after the commit in Postgres, by stage">
      {stages.map(([name, time]) => (
        <li key={name}>
          {name} <b>{time}</b>
        </li>
      ))}
    </ol>
  );
}

function after(ms: number | null): string {
  return ms === null ? '–' : `+ ${duration(ms)}`;
}
