import {useEffect, useState} from 'preact/hooks';
import type {PipelineGraph, PipelineHistory, PipelineSnapshot} from '../src/monitor/pipeline.ts';
import {followEvents} from './event-stream.ts';
import type {Connection} from './event-stream.ts';

export interface Live {
  readonly graph: PipelineGraph | undefined;
  readonly history: PipelineHistory | undefined;
  readonly snapshot: PipelineSnapshot | undefined;
  /** While it is `lost`, what is shown is what the service said last. */
  readonly connection: Connection;
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

/**
 * What the service tells, as it tells it; after an interruption it is asked again by itself, after a refusal once
 * `attempt` is another one.
 */
export function useLive(attempt: number): Live {
  const [live, setLive] = useState(nothing);
  useEffect(() => {
    const stop = new AbortController();
    void followEvents('/api/events', stop.signal, {
      onConnection: (connection) => setLive((before) => ({...before, connection})),
      onEvent: (kind, data) => setLive((before) => withEvent(before, kind, data)),
    });
    return () => stop.abort();
  }, [attempt]);
  return live;
}

function withEvent(before: Live, kind: string, data: unknown): Live {
  if (kind === 'graph') return withGraph(before, data as PipelineGraph);
  if (kind === 'history') return {...before, history: data as PipelineHistory};
  return kind === 'snapshot' ? withSnapshot(before, data as PipelineSnapshot) : before;
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
