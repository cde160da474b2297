/** Work that takes long. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  /** 0: nobody knows. */
  readonly total: number;
  /** What is counted: `rows`. */
  readonly unit: string;
  /** How much longer it takes; undefined where nobody can say. */
  readonly etaSeconds?: number | undefined;
}

const BAR_CELLS = 24;

/** `customers.orders  [######------------------]  25 %  250 of 1,000 rows, about 3 s left`, at most `columns` long. */
export function progressLine(
  {label, done, total, unit, etaSeconds}: Progress,
  columns: number,
): string {
  const part = total === 0 ? 0 : Math.min(1, done / total);
  const cells = Math.floor(part * BAR_CELLS);
  const bar = `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}]`;
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  const count = total === 0 ? counted(done) : `${counted(done)} of ${counted(total)}`;
  const left = etaSeconds === undefined ? '' : `, about ${duration(etaSeconds)} left`;
  return `${label}  ${bar} ${percent}  ${count} ${unit}${left}`.slice(0, columns);
}

function counted(count: number): string {
  return count.toLocaleString('en');
}

/** `45 s`, `3 min`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
