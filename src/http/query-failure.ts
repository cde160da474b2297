import type {FastifyError, FastifyReply} from 'fastify';
import {QueryError} from '../streams/runtime/queries/query-error.ts';
import type {QueryFate} from '../streams/runtime/queries/query-error.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** As OpenAPI has it. */
    summary?: string;
  }
}

const statusOf: Readonly<Record<QueryFate, number>> = {
  invalid: 400,
  'not-found': 404,
  unavailable: 503,
};

/** What a query that has no answer answers. */
export const failureSchema = {
  type: 'object',
  required: ['error', 'code'],
  properties: {
    error: {type: 'string', description: 'What is wrong, and what to do.'},
    code: {type: 'string', description: 'The same for programs: `ROW_NOT_FOUND`, `REBALANCING`, …'},
  },
} as const;

/** Answers 400, 404 or 503 with the reason; what nobody foresaw is a 500. */
export async function answerFailure(
  error: FastifyError | QueryError,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (error instanceof QueryError)
    return reply
      .code(statusOf[error.fate])
      .headers(error.fate === 'unavailable' ? {'retry-after': '1'} : {})
      .send({error: error.message, code: error.code});
  if (error.validation !== undefined)
    return reply.code(400).send({error: error.message, code: 'REQUEST_INVALID'});
  return reply.code(500).send({error: error.message, code: 'INTERNAL'});
}
