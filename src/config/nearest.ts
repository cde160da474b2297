/** The candidate that `name` was probably meant to be: few enough typing mistakes away, else undefined. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(normalised(name), normalised(candidate));
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** `table_include_list`, `tableIncludeList` and `table-include-list` are ways to write `table.include.list`. */
function normalised(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1.$2')
    .replaceAll(/[-_]/g, '.')
    .toLowerCase();
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (Damerau, optimal string alignment). */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({length: to.length + 1}, (_, at) => at)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= from.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = cell(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? cell(i - 2, j - 2) + 1
          : Infinity;
      rows[i]?.push(Math.min(replaced, swapped, cell(i - 1, j) + 1, cell(i, j - 1) + 1));
    }
  }
  return cell(from.length, to.length);
}
