import {useEffect, useState} from 'preact/hooks';
import type {PipelineGraph, PipelineHistory, PipelineSnapshot} from '../src/monitor/pipeline.ts';

export interface Live {
  readonly graph: PipelineGraph | undefined;
  readonly history: PipelineHistory | undefined;
  readonly snapshot: PipelineSnapshot | undefined;
  /** `lost`: the service does not answer, and what is shown is what it said last. */
  readonly connection: 'connecting' | 'open' | 'lost';
  /** Milliseconds: when this page saw the service come back as another process. */
  readonly restartedAt: number | undefined;
}

const nothing: Live = {
  graph: undefined,
  history: undefined,
  snapshot: undefined,
  connection: 'connecting',
  restartedAt: undefined,
};

/** Points of the history that are kept, as the service keeps them. */
const HISTORY_LENGTH = 450;

/** What the service tells, as it tells it; after an interruption it is asked again by itself. */
export function useLive(): Live {
  const [live, setLive] = useState(nothing);
  useEffect(() => {
    const events = new EventSource('/api/events');
    const on = (kind: string, next: (before: Live, data: unknown) => Live): void =>
      events.addEventListener(kind, ({data}: MessageEvent<string>) =>
        setLive((before) => next(before, JSON.parse(data))),
      );
    on('graph', (before, graph) => withGraph(before, graph as PipelineGraph));
    on('history', (before, history) => ({...before, history: history as PipelineHistory}));
    on('snapshot', (before, snapshot) => withSnapshot(before, snapshot as PipelineSnapshot));
    events.addEventListener('open', () => setLive((before) => ({...before, connection: 'open'})));
    events.addEventListener('error', () => setLive((before) => ({...before, connection: 'lost'})));
    return () => events.close();
  }, []);
  return live;
}

function withGraph(before: Live, graph: PipelineGraph): Live {
  const known = before.graph?.startedAt ?? graph.startedAt;
  const restartedAt = known === graph.startedAt ? before.restartedAt : graph.startedAt;
  return {...before, graph, restartedAt, connection: 'open'};
}

function withSnapshot(before: Live, snapshot: PipelineSnapshot): Live {
  return {...before, snapshot, history: withPoint(before.history, snapshot.point)};
}

function withPoint(
  history: PipelineHistory | undefined,
  point: PipelineSnapshot['point'],
): PipelineHistory | undefined {
  if (history === undefined || point === null || point.at <= (history.at.at(-1) ?? 0)) {
    return history;
  }
  const {at, changes, rows, p50, p99} = history;
  return {
    at: [...at, point.at].slice(-HISTORY_LENGTH),
    changes: [...changes, point.changes].slice(-HISTORY_LENGTH),
    rows: [...rows, point.rows].slice(-HISTORY_LENGTH),
    p50: [...p50, point.p50].slice(-HISTORY_LENGTH),
    p99: [...p99, point.p99].slice(-HISTORY_LENGTH),
  };
}
