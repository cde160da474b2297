import type {FastifyError, FastifyInstance} from 'fastify';
import {RetriableError, ServiceError} from '../common/errors.ts';
import type {Secrets} from '../common/secrets.ts';
import {QueryError} from '../streams/runtime/queries/query-error.ts';
import type {QueryFate} from '../streams/runtime/queries/query-error.ts';

const statusOf: Readonly<Record<QueryFate, number>> = {
  invalid: 400,
  'not-found': 404,
  unavailable: 503,
};

/** What a request that has no answer answers. */
export const failureSchema = {
  type: 'object',
  required: ['error', 'code'],
  additionalProperties: false,
  properties: {
    error: {type: 'string', description: 'What is wrong, and what to do.'},
    code: {type: 'string', description: 'The same for programs: `ROW_NOT_FOUND`, `REBALANCING`, …'},
  },
} as const;

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What is answered to a request that met this error; what nobody foresaw is a 500. */
export function failureOf(error: FastifyError | Error): Failure {
  const {message} = error;
  if (error instanceof QueryError) return {status: statusOf[error.fate], code: error.code, message};
  if (error instanceof RetriableError) return {status: 503, code: error.code, message};
  if (error instanceof ServiceError) return {status: 500, code: error.code, message};
  const {statusCode = 500, validation} = error as FastifyError;
  if (validation !== undefined)
    return {status: 400, code: 'REQUEST_INVALID', message: `${message}${allowed(validation)}`};
  // Of fastify itself: a body that is too large, or of a kind that nothing here takes.
  if (statusCode >= 400 && statusCode < 500)
    return {status: statusCode, code: 'REQUEST_INVALID', message};
  return {status: 500, code: 'INTERNAL', message};
}

/** Which values there are, where it is about one of several. */
function allowed([first]: NonNullable<FastifyError['validation']>): string {
  const values = first?.params['allowedValues'];
  return Array.isArray(values) ? `: ${values.join(', ')}` : '';
}

/** Lets the server answer every failure in the shape of {@link failureSchema}, without the secrets. */
export function answerFailures(server: FastifyInstance, secrets: Pick<Secrets, 'redact'>): void {
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const {status, code, message} = failureOf(error);
    return reply
      .code(status)
      .headers(status === 503 ? {'retry-after': '1'} : {})
      .send({error: secrets.redact(message), code});
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      error: 'There is nothing here that takes this method; /api/openapi.json names what there is.',
      code: 'ROUTE_UNKNOWN',
    }),
  );
}
