import {z} from 'zod';
import {topicRecord} from '../monitor/pipeline.ts';
import type {TopicRecord} from '../monitor/pipeline.ts';
import {failureSchema} from './failure.ts';
import {jsonSchema} from './json-schema.ts';
import {MAX_NAME_LENGTH} from './limits.ts';
import type {Routes} from './routes.ts';

interface RecordDeps {
  /** The topics that may be read: those of the pipeline. */
  readonly topics: () => ReadonlySet<string>;
  /** Newest first. */
  readonly tail: (topic: string, limit: number) => Promise<readonly TopicRecord[]>;
}

const records = z.strictObject({topic: z.string(), records: z.array(topicRecord).readonly()});
const MAX_RECORDS = 100;

/** `/api/topics/<topic>/records`: the newest records of a topic of the pipeline, at most 100. */
export function recordRoutes({topics, tail}: RecordDeps): Routes {
  return (server) => {
    server.get<{Params: {topic: string}; Querystring: {limit?: number}}>(
      '/api/topics/:topic/records',
      {
        schema: {
          summary: 'The newest records of a topic, newest first',
          params: jsonSchema(z.strictObject({topic: z.string().max(MAX_NAME_LENGTH)})),
          querystring: jsonSchema(
            z.strictObject({limit: z.int().min(1).max(MAX_RECORDS).default(20)}),
          ),
          response: {
            200: jsonSchema(records),
            400: failureSchema,
            404: failureSchema,
            503: failureSchema,
          },
        },
      },
      async ({params: {topic}, query: {limit = 20}}, reply) => {
        if (!topics().has(topic)) {
          return reply
            .code(404)
            .send({error: `${topic} is no topic of the pipeline`, code: 'TOPIC_UNKNOWN'});
        }
        return {topic, records: await tail(topic, limit)};
      },
    );
  };
}
