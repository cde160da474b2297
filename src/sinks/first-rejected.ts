/**
 * The first row with something against it, by bisection; undefined when there is nothing against any of them alone.
 *
 * `objection` answers undefined for rows that are all good.
 */
export async function firstRejected<R>(
  rows: readonly R[],
  objection: (rows: readonly R[]) => Promise<unknown>,
): Promise<{readonly row: R; readonly error: unknown} | undefined> {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = from + Math.ceil((to - from) / 2);
    const error = await objection(rows.slice(from, middle));
    if (error !== undefined && to - from === 1) return {row: rows[from] as R, error};
    if (error === undefined) from = middle;
    else to = middle;
  }
  return undefined;
}
