import type {Conditions} from '../../../common/conditions.ts';
import type {Logger} from '../../../common/logger.ts';
import type {CatalogTable} from './column-catalog.ts';
import {keyCondition, keySubject} from './key-columns.ts';

/** `CDC_TABLE_WITHOUT_KEY` of the tables of one source: raised and logged once, over when the table is in order. */
export class KeyConditions {
  readonly #source: {readonly name: string; readonly where: string};
  readonly #deps: {readonly conditions: Conditions; readonly logger: Logger};
  readonly #raised = new Set<string>();

  constructor(
    source: {readonly name: string; readonly where: string},
    deps: {readonly conditions: Conditions; readonly logger: Logger},
  ) {
    this.#source = source;
    this.#deps = deps;
  }

  /** Looks at a table as the catalog has it now. */
  check(table: CatalogTable): void {
    const {conditions, logger} = this.#deps;
    const {name: source} = this.#source;
    const subject = keySubject(source, table);
    const condition = keyCondition(this.#source, table);
    if (condition === undefined) {
      // One of the same name may be somebody else's.
      if (this.#raised.delete(subject)) conditions.clear('CDC_TABLE_WITHOUT_KEY', subject);
      return;
    }
    conditions.raise(condition);
    if (this.#raised.has(subject)) return;
    this.#raised.add(subject);
    logger.warn({source, code: condition.code, subject}, condition.message);
  }
}
