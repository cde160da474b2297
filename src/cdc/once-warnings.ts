import type {Logger} from '../common/logger.ts';

/** A connector's warnings that are told once each, however often it starts again. */
export class OnceWarnings {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `about` is what makes it another warning. */
  warn(about: string, fields: object, message: () => string): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#logger.warn(fields, message());
  }
}
