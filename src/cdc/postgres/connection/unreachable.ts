/** None of several hosts is a primary that answers. */
export class NoPrimaryError extends Error {
  override readonly name = 'NoPrimaryError';
}

const socketErrors =
  /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN)/;
/** `pg`'s own errors about a connection that ended; they have no code. */
const endedErrors =
  /connection (error|terminated|timeout)|terminated unexpectedly|timeout expired/i;
/** Connection exception, server going down or coming up, out of resources, serialization. */
const transientStates = /^(08...|57P0[1235]|53[123]00|40...)$/;

/** Whether a server that says this, or nothing at all, may answer otherwise a moment later, or another one in its place. */
export function isUnreachable(error: unknown): boolean {
  const {code = '', message = ''} = (error ?? {}) as {code?: string; message?: string};
  return (
    error instanceof NoPrimaryError ||
    socketErrors.test(code) ||
    transientStates.test(code) ||
    endedErrors.test(message)
  );
}
