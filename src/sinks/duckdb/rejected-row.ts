/**
 * The first row that `attempt` rejects, by bisection; undefined when it rejects no row alone.
 *
 * `attempt` writes nothing in the end, and fails whenever one of its rows is bad.
 */
export async function firstRejected<R>(
  rows: readonly R[],
  attempt: (rows: readonly R[]) => Promise<void>,
): Promise<{readonly row: R; readonly error: unknown} | undefined> {
  let from = 0;
  let to = rows.length;
  for (;;) {
    const some = rows.slice(from, to);
    if (some.length === 0) return undefined;
    const middle = from + Math.ceil(some.length / 2);
    const error = await failure(attempt, rows.slice(from, middle));
    if (error !== undefined && some.length === 1) return {row: some[0] as R, error};
    if (error === undefined) from = middle;
    else to = middle;
  }
}

async function failure<R>(
  attempt: (rows: readonly R[]) => Promise<void>,
  rows: readonly R[],
): Promise<unknown> {
  try {
    await attempt(rows);
    return undefined;
  } catch (error) {
    return error ?? new Error('failed');
  }
}
