import {
  FatalError,
  messageOf,
  RetriableError,
  ServiceError,
  TaskError,
} from '../../common/errors.ts';

/** An error of the driver's; the state is there for what the server says about a statement. */
interface DriverError {
  readonly code: string;
  readonly sqlState: string;
  readonly message: string;
}

/** The session is gone or its tokens are; another login helps. The connection may still say that it is up. */
const lostSession = new Set([
  '401004', // HTTP 401 with 390104
  '405501',
  '405502',
  '405503',
  '407001',
  '407002',
  '390104',
  '390110',
  '390111',
  '390112',
  '390113',
  '390114',
]);

/** Numeric value, boolean, date, JSON or binary that is not one; too long; NULL in a NOT NULL column. */
const badValue = new Set([
  '100035',
  '100037',
  '100038',
  '100040',
  '100069',
  '100071',
  '100072',
  '100078',
  '100132',
]);

/** An object that is not there, or a column: what was known about the tables is out of date. */
const staleSchema = new Set(['000904', '002003', '002043']);

/** Whether a statement failed because of what stands in one of its rows. */
export function isRejection(error: unknown): boolean {
  const {code, sqlState} = driverError(error);
  return badValue.has(code) || sqlState.startsWith('22');
}

/** Whether another session is needed, and would do. */
export function isSessionLost(error: unknown): boolean {
  return lostSession.has(driverError(error).code);
}

export function isMissing(error: unknown): boolean {
  return driverError(error).code === '002003';
}

export function isColumnThere(error: unknown): boolean {
  return driverError(error).code === '001430';
}

/** The server's words, in one line and without its advice. */
export function reasonOf(error: unknown): string {
  const {code, message} = driverError(error);
  const reason = message.replaceAll(/\s+/g, ' ').trim();
  return code === '' ? reason : `${reason} (${code})`;
}

/** What a caller can do about a login that failed. */
export function loginError(where: string, error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const {code} = driverError(error);
  const reason = `${where}: login failed: ${reasonOf(error)}`;
  if (/^39\d{4}$/.test(code) && !lostSession.has(code))
    return new FatalError(
      'SINK_AUTHENTICATION_FAILED',
      `${reason}; check user, key or token, role and network policy`,
      {cause: error},
    );
  // Network errors have codes of the driver's own; these are of its arguments, the file and the key.
  if (code.startsWith('404') || !/^\d/.test(code))
    return new FatalError(
      'SINK_AUTHENTICATION_FAILED',
      `${reason}; check account, private.key.file and its passphrase`,
      {cause: error},
    );
  return new RetriableError('SINK_UNREACHABLE', `${reason}; check account, url and network`, {
    cause: error,
  });
}

/** What a caller can do about a statement that failed. */
export function statementError(where: string, error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const {code, sqlState} = driverError(error);
  const reason = `${where}: ${reasonOf(error)}`;
  if (code === '003001' || sqlState === '42501')
    return new FatalError(
      'SINK_PERMISSION_DENIED',
      `${reason}; grant it to the role that the sink uses`,
      {cause: error},
    );
  if (staleSchema.has(code))
    return new TaskError('SINK_TABLE_MISMATCH', `${reason}; the table is looked at again`, {
      cause: error,
    });
  if (code === '001003' || sqlState === '42601')
    return new FatalError(
      'SINK_STATEMENT_REFUSED',
      `${reason}; the server does not know the statement: report it`,
      {cause: error},
    );
  return new RetriableError(
    'SINK_UNREACHABLE',
    `${reason}; it is tried again from the warehouse's watermark`,
    {cause: error},
  );
}

function driverError(error: unknown): DriverError {
  const {code, sqlState} = (error ?? {}) as {readonly code?: unknown; readonly sqlState?: unknown};
  return {
    code: typeof code === 'number' || typeof code === 'string' ? String(code) : '',
    sqlState: typeof sqlState === 'string' ? sqlState : '',
    message: messageOf(error),
  };
}
