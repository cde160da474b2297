import type {z} from 'zod';
import type {PipelineEvent, PipelineMonitor} from '../monitor/pipeline-monitor.ts';
import {pipelineGraph, pipelineHistory, pipelineSnapshot} from '../monitor/pipeline.ts';
import {failureSchema} from './failure.ts';
import {jsonSchema} from './json-schema.ts';
import {MAX_WATCHERS} from './limits.ts';
import type {Routes} from './routes.ts';
import {textSchema} from './text-answer.ts';

interface PipelineDeps {
  readonly monitor: Pick<PipelineMonitor, 'graph' | 'history' | 'snapshot' | 'watch'>;
}

/**
 * `/api/pipeline/graph`, `/api/pipeline/history` and `/api/pipeline/snapshot`; `/api/events` tells all three as they
 * change, as server-sent events under these names.
 */
export function pipelineRoutes({monitor}: PipelineDeps): Routes {
  return (server) => {
    let watchers = 0;
    server.get(
      '/api/pipeline/graph',
      {schema: answers('The pipeline as a graph', pipelineGraph)},
      () => monitor.graph,
    );
    server.get(
      '/api/pipeline/history',
      {schema: answers('The last 15 minutes', pipelineHistory)},
      () => monitor.history,
    );
    server.get(
      '/api/pipeline/snapshot',
      {schema: answers('How the pipeline does now', pipelineSnapshot)},
      () => monitor.snapshot(),
    );
    server.get(
      '/api/events',
      {
        config: {isStream: true},
        schema: {
          summary: 'The graph, the history and a snapshot each second, as server-sent events',
          response: {200: {content: textSchema('text/event-stream')}, 503: failureSchema},
        },
      },
      (request, reply) => {
        if (watchers >= MAX_WATCHERS) {
          return reply
            .code(503)
            .send({error: `${MAX_WATCHERS} look on already.`, code: 'TOO_MANY_WATCHERS'});
        }
        watchers++;
        reply.hijack();
        const {raw} = reply;
        raw.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-store'});
        raw.write('retry: 1000\n\n');
        const stop = monitor.watch((event) => {
          // One that does not read gets no more until it does.
          if (event.kind !== 'snapshot' || !raw.writableNeedDrain) raw.write(eventText(event));
        });
        request.raw.on('close', () => {
          watchers--;
          stop();
        });
        return reply;
      },
    );
  };
}

let lastEvent: PipelineEvent | undefined;
let lastText = '';

/** Serialised once for all who look on. */
function eventText(event: PipelineEvent): string {
  if (event === lastEvent) return lastText;
  const {kind, ...data} = event;
  lastEvent = event;
  lastText = `event: ${kind}\ndata: ${JSON.stringify(Object.values(data)[0])}\n\n`;
  return lastText;
}

function answers(summary: string, schema: z.ZodType): object {
  return {summary, response: {200: jsonSchema(schema)}};
}
