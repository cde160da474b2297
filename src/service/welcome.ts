import type {Clock} from '../common/clock.ts';
import type {Component, ComponentStatus} from '../common/component.ts';

/** A row of text columns. */
export type WarehouseRow = Readonly<Record<string, string | null>>;

export interface WelcomeOptions {
  /** What to print first: where things are. */
  readonly places: readonly (readonly [name: string, place: string])[];
  /** The first rows of the warehouse; empty while there are none. */
  readonly firstRows: () => Promise<readonly WarehouseRow[]>;
  readonly clock: Clock;
  readonly print: (text: string) => void;
}

const PAUSE_MS = 50;

/** Greets who has started the demo: says where things are, and shows the first enriched rows once they are there. */
export class Welcome implements Component {
  readonly name = 'welcome';
  readonly #options: WelcomeOptions;

  constructor(options: WelcomeOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const {places, firstRows, clock, print} = this.#options;
    const width = Math.max(...places.map(([name]) => name.length));
    print(places.map(([name, place]) => `  ${name.padEnd(width)}  ${place}\n`).join(''));
    while (!signal.aborted) {
      const rows = await firstRows();
      if (rows.length > 0)
        return print(`\n${rowsText(rows)}\nCtrl-C stops; the next start goes on from here.\n`);
      await clock.sleep(PAUSE_MS, signal);
    }
  }

  status(): ComponentStatus {
    return {state: 'running'};
  }
}

/** Rows as lines under their column names, each column as wide as its widest value. */
export function rowsText(rows: readonly WarehouseRow[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? 'NULL'))];
  const widths = names.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `  ${line
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
