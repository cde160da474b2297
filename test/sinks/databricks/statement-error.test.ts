import {describe, expect, test} from 'vitest';
import {FatalError, RetriableError} from '../../../src/common/errors.ts';
import {serviceError, statementError} from '../../../src/sinks/databricks/statement-error.ts';

/** As the driver throws it for an operation that ended in ERROR_STATE. */
function operationError(sqlState: string | undefined, displayMessage: string) {
  return Object.assign(new Error(displayMessage), {
    errorCode: 'ERROR',
    response: {status: {statusCode: 0}, sqlState, displayMessage},
  });
}

function httpError(statusCode: number, reason: string | null) {
  const headers = {
    get: (name: string) => (name === 'x-thriftserver-error-message' ? reason : null),
  };
  return Object.assign(new Error('bad HTTP status'), {statusCode, response: {headers}});
}

describe('statementError', () => {
  test.each([
    ['2D521', '[DELTA_CONCURRENT_APPEND] Files were added', 'conflict'],
    ['2D521', '[DELTA_METADATA_CHANGED] The metadata has been changed', 'conflict'],
    ['40000', '[DELTA_MAX_COMMIT_RETRIES_EXCEEDED] This commit has failed', 'conflict'],
    [undefined, 'io.delta.exceptions.ConcurrentDeleteReadException: files', 'conflict'],
    ['42501', '[INSUFFICIENT_PERMISSIONS] User does not have MODIFY', 'permission'],
    ['28000', '[LOGIN] refused', 'authentication'],
    ['42P01', '[TABLE_OR_VIEW_NOT_FOUND] The table', 'missing'],
    ['42703', '[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column', 'missing'],
    ['42K03', '[PATH_NOT_FOUND] Path does not exist', 'no-file'],
    ['KD001', '[FAILED_READ_FILE.FILE_NOT_EXIST] File', 'no-file'],
    ['42601', '[PARSE_SYNTAX_ERROR] Syntax error', 'invalid'],
    ['21506', '[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE] Cannot', 'invalid'],
    ['22018', '[CAST_INVALID_INPUT] The value', 'rejected'],
    ['23502', '[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL', 'rejected'],
    ['58030', 'Job aborted:\n[MALFORMED_RECORD_IN_PARSING] Malformed', 'rejected'],
    ['58030', '[TASK_WRITE_FAILED] Task failed while writing rows', 'failed'],
    ['XX000', '[INTERNAL_ERROR] Something', 'failed'],
  ])('takes state %s of %s as %s', (sqlState, message, problem) => {
    expect(statementError(operationError(sqlState, message)).problem).toBe(problem);
  });

  test.each([
    [429, 'busy'],
    [401, 'authentication'],
    [403, 'permission'],
    [404, 'invalid'],
    [400, 'unreachable'],
    [500, 'unreachable'],
    [503, 'unreachable'],
  ])('takes HTTP %i as %s, with the reason from its header', (status, problem) => {
    expect(statementError(httpError(status, 'because'))).toMatchObject({
      problem,
      message: `HTTP ${status}: because`,
    });
  });

  test.each(['CANCELED', 'CLOSED', 'TIMEOUT', 'UNKNOWN'])(
    'leaves open what became of an operation that is %s',
    (errorCode) => {
      const error = Object.assign(operationError('22018', 'x'), {errorCode});
      expect(statementError(error).problem).toBe('unreachable');
    },
  );

  test.each([
    [Object.assign(new Error('self-signed'), {code: 'DEPTH_ZERO_SELF_SIGNED_CERT'}), 'tls'],
    [Object.assign(new Error('read ECONNRESET'), {code: 'ECONNRESET'}), 'unreachable'],
    [{name: 'Status Error', message: 'Invalid SessionHandle', code: -1}, 'unreachable'],
    [new Error('writeString called without a string/Buffer argument: 1'), 'unreachable'],
    ['text', 'unreachable'],
  ])('takes %o as %s', (error, problem) => {
    expect(statementError(error).problem).toBe(problem);
  });
});

describe('serviceError', () => {
  test.each([
    ['2D521', RetriableError, 'SINK_UNREACHABLE'],
    ['42P01', RetriableError, 'SINK_UNREACHABLE'],
    ['XX000', RetriableError, 'SINK_UNREACHABLE'],
    ['42501', FatalError, 'SINK_PERMISSION_DENIED'],
    ['42601', FatalError, 'SINK_STATEMENT_REFUSED'],
    ['23502', FatalError, 'SINK_TABLE_MISMATCH'],
  ] as const)('says what is to be done about state %s', (sqlState, fate, code) => {
    const error = serviceError('sink lake', statementError(operationError(sqlState, 'reason')));

    expect(error).toBeInstanceOf(fate);
    expect(error).toMatchObject({code});
    expect(error.message).toMatch(/^sink lake: .*reason/);
  });
});
