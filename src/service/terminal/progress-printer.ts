import {createLogUpdate} from 'log-update';
import {progressLine} from './progress-line.ts';
import type {Progress} from './progress-line.ts';

/** A terminal, or what stands in its place. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

const PIPE_COLUMNS = 200;

/** Shows progress on a terminal as bars that are drawn again; elsewhere one line when a work has ended. */
export class ProgressPrinter {
  readonly #stream: OutputStream;
  readonly #redraw: ReturnType<typeof createLogUpdate> | undefined;
  #lines = '';

  constructor(stream: OutputStream) {
    this.#stream = stream;
    // On a pipe its escapes would be noise.
    if (stream.isTTY === true) this.#redraw = createLogUpdate(stream, {showCursor: true});
  }

  /** All the work that is under way now; none takes the bars away. */
  show(works: readonly Progress[]): void {
    if (this.#redraw === undefined) {
      for (const work of works)
        if (work.done >= work.total) this.#stream.write(`${progressLine(work, PIPE_COLUMNS)}\n`);
      return;
    }
    const lines = works
      .map((work) => progressLine(work, this.#stream.columns ?? PIPE_COLUMNS))
      .join('\n');
    if (lines === this.#lines) return;
    this.#lines = lines;
    this.#draw();
  }

  /** Writes above the bars. */
  write(text: string): void {
    this.#redraw?.clear();
    this.#stream.write(text);
    this.#draw();
  }

  #draw(): void {
    if (this.#lines === '') this.#redraw?.clear();
    else this.#redraw?.(this.#lines);
  }
}
