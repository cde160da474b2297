import {FatalError, messageOf, RetriableError, ServiceError} from '../../common/errors.ts';

/**
 * What is to be done about a statement that failed:
 * - `conflict`: it certainly did nothing, for another one was faster. Do it again.
 * - `busy`: it was turned away (HTTP 429). Do it again, later.
 * - `unreachable`: nobody knows whether it was or will be carried out. Connect again and look.
 * - `rejected`: it met a value that the table does not take.
 * - `missing`: a table or column is not there; `no-file`: a file of the volume.
 * - `permission`, `authentication`, `tls`, `invalid`: an operator has to act.
 * - `failed`: any other error that the warehouse reports.
 */
export type StatementProblem =
  | 'conflict'
  | 'busy'
  | 'unreachable'
  | 'rejected'
  | 'missing'
  | 'no-file'
  | 'permission'
  | 'authentication'
  | 'tls'
  | 'invalid'
  | 'failed';

/** A statement, or a connection, that failed. */
export class StatementError extends Error {
  override readonly name = 'StatementError';
  readonly problem: StatementProblem;

  constructor(problem: StatementProblem, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.problem = problem;
  }
}

/** Whatever the driver throws, as far as it is looked at. Its `StatusError` is no Error. */
interface DriverError {
  readonly message?: unknown;
  readonly code?: unknown;
  /** Of an operation that ended in a state other than FINISHED. */
  readonly errorCode?: unknown;
  /** The operation's status, or node-fetch's answer. */
  readonly response?: {
    readonly sqlState?: unknown;
    readonly displayMessage?: unknown;
    readonly errorMessage?: unknown;
    readonly headers?: {get(name: string): string | null};
  };
  /** Of an HTTP answer. */
  readonly statusCode?: unknown;
}

export function statementError(error: unknown): StatementError {
  if (error instanceof StatementError) return error;
  const {message, code, errorCode, response, statusCode} = (error ?? {}) as DriverError;
  const text = typeof message === 'string' ? message : String(error);
  if (typeof statusCode === 'number') {
    const reason = response?.headers?.get('x-thriftserver-error-message');
    return new StatementError(
      httpProblem(statusCode),
      `HTTP ${statusCode}${reason ? `: ${reason}` : ''}`,
      {cause: error},
    );
  }
  if (typeof errorCode === 'string' && response !== undefined && 'status' in response) {
    const {displayMessage, errorMessage, sqlState} = response;
    const reason = messageOf(displayMessage ?? errorMessage ?? text);
    const problem =
      errorCode === 'ERROR'
        ? sqlProblem(typeof sqlState === 'string' ? sqlState : '', reason)
        : 'unreachable';
    return new StatementError(problem, firstLine(reason), {cause: error});
  }
  if (typeof code === 'string' && tlsCodes.has(code)) {
    return new StatementError('tls', text, {cause: error});
  }
  // Of the volume's storage, which knows no error classes: the driver has the answer's status as text alone.
  const problem = /^HTTP error 404\b/.test(text) ? 'no-file' : 'unreachable';
  return new StatementError(problem, firstLine(text), {cause: error});
}

/** An answer of HTTP. 503 may come from anything on the way, also after the statement has arrived. */
function httpProblem(status: number): StatementProblem {
  if (status === 429) return 'busy';
  if (status === 401) return 'authentication';
  if (status === 403) return 'permission';
  if (status === 404) return 'invalid';
  return 'unreachable';
}

/** An operation that ended in ERROR_STATE: it has changed nothing. */
function sqlProblem(sqlState: string, reason: string): StatementProblem {
  if (conflicts.test(reason) || sqlState === '2D521' || sqlState === '40000') return 'conflict';
  if (sqlState === '42501') return 'permission';
  if (sqlState.startsWith('28')) return 'authentication';
  if (sqlState === '42K03' || missingFiles.test(reason)) return 'no-file';
  if (sqlState === '42P01' || sqlState === '42703') return 'missing';
  if (sqlState.startsWith('42') || sqlState === '21506') return 'invalid';
  if (sqlState.startsWith('22') || sqlState.startsWith('23')) return 'rejected';
  return badValues.test(reason) ? 'rejected' : 'failed';
}

const conflicts =
  /DELTA_(?:CONCURRENT_\w+|METADATA_CHANGED|PROTOCOL_CHANGED|MAX_COMMIT_RETRIES_EXCEEDED)|(?:Concurrent\w+|MetadataChanged|ProtocolChanged)Exception/;

const missingFiles = /PATH_NOT_FOUND|FILE_NOT_EXIST|FileNotFoundException/;

/** Where they come up in a task of the warehouse, the statement has the state of the task. */
const badValues =
  /\[(?:MALFORMED_RECORD_IN_PARSING|CAST_\w+|CONVERSION_INVALID_INPUT|NUMERIC_VALUE_OUT_OF_RANGE|ARITHMETIC_OVERFLOW|DELTA_NOT_NULL_CONSTRAINT_VIOLATED)/;

const tlsCodes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function firstLine(text: unknown): string {
  return messageOf(text).split('\n', 1)[0] ?? '';
}

/** What a caller of the sink can do about it. Errors of the service, and those about rows, pass as they are. */
export function serviceError(where: string, error: unknown): Error {
  if (error instanceof ServiceError) return error;
  if (!(error instanceof StatementError)) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
  const {problem, message} = error;
  const cause = {cause: error};
  switch (problem) {
    case 'authentication':
      return new FatalError(
        'SINK_AUTHENTICATION_FAILED',
        `${where}: Databricks does not accept the login: ${message}; check "token", or "oauth.client.id" and "oauth.client.secret"`,
        cause,
      );
    case 'permission':
      return new FatalError(
        'SINK_PERMISSION_DENIED',
        `${where}: ${message}; grant USE CATALOG, USE SCHEMA, CREATE TABLE, SELECT and MODIFY on the schema, READ VOLUME and WRITE VOLUME on the volume, and CAN USE on the SQL warehouse`,
        cause,
      );
    case 'tls':
      return new FatalError(
        'SINK_TLS_FAILED',
        `${where}: ${message}; check "host", or name the authority that signed its certificate in "ssl.ca.location"`,
        cause,
      );
    case 'invalid':
      return new FatalError(
        'SINK_STATEMENT_REFUSED',
        `${where}: Databricks refuses a statement: ${message}; check "http.path", "catalog", "schema", "volume" and the table`,
        cause,
      );
    case 'rejected':
      return new FatalError(
        'SINK_TABLE_MISMATCH',
        `${where}: ${message}; no row is at fault alone, so look at the table's constraints`,
        cause,
      );
    case 'missing':
    case 'no-file':
    case 'conflict':
    case 'busy':
    case 'unreachable':
    case 'failed':
      break;
  }
  return new RetriableError('SINK_UNREACHABLE', `${where}: ${message}`, cause);
}
