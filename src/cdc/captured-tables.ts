/**
 * The tables, and those that have come since: with `all_tables` any may be created while it streams. The same list
 * until another one comes.
 */
export function capturedTables(
  tables: readonly string[],
  seen: ReadonlySet<string>,
): () => readonly string[] {
  let list = tables;
  let count = 0;
  return () => {
    if (seen.size === count) return list;
    count = seen.size;
    const all = new Set([...tables, ...seen]);
    if (all.size !== list.length) list = [...all];
    return list;
  };
}
