import type {JSX} from 'preact';
import type {PipelineHistory} from '../../src/monitor/pipeline.ts';
import {duration, rate} from '../format.ts';
import {TimeChart} from './time-chart.tsx';

/** Throughput and end-to-end latency. */
export function Charts({history}: {readonly history: PipelineHistory}): JSX.Element {
  const {at, changes, rows, p50, p99} = history;
  return (
    <div class="charts">
      <TimeChart
        title="Throughput"
        at={at}
        format={rate}
        series={[
          {label: 'changes captured', colour: '--line-1', values: changes},
          {label: 'rows in the warehouse', colour: '--line-2', values: rows},
        ]}
      />
      <TimeChart
        title="Latency, commit in Postgres to warehouse"
        at={at}
        format={duration}
        series={[
          {label: 'median', colour: '--line-1', values: p50},
          {label: 'p99', colour: '--line-3', values: p99},
        ]}
      />
    </div>
  );
}
