import type {Relation} from '../../replication-source.ts';
import type {Tuple} from '../../tuple.ts';
import {parseArray} from '../../events/types/array-text.ts';

interface EnumColumn {
  readonly index: number;
  readonly typeOid: number;
  readonly isArray: boolean;
  readonly labels: Set<string>;
}

/**
 * The labels that the enum columns of a relation are known to have.
 *
 * `ALTER TYPE … ADD VALUE` makes the server describe no relation again, so that a new label is only seen where a row has it.
 */
export class EnumLabels {
  readonly #columns: readonly EnumColumn[];

  private constructor(columns: readonly EnumColumn[]) {
    this.#columns = columns;
  }

  /** Undefined without an enum. What `earlier` has met stays known: a label that was renamed is not in the catalog. */
  static of({columns}: Relation, earlier: EnumLabels | undefined): EnumLabels | undefined {
    const known = earlier === undefined ? [] : earlier.#columns;
    const enums = columns.flatMap(({typeOid, typeName, enumLabels}, index) => {
      if (enumLabels === undefined) return [];
      const met = known.find((column) => column.typeOid === typeOid)?.labels ?? [];
      const labels = new Set([...enumLabels, ...met]);
      return [{index, typeOid, isArray: typeName.startsWith('_'), labels}];
    });
    return enums.length === 0 ? undefined : new EnumLabels(enums);
  }

  /** Whether `row` has a label that was not known; it is from now on. */
  meetsNew(row: Tuple): boolean {
    let isNew = false;
    for (const {index, isArray, labels} of this.#columns) {
      const text = row.text(index);
      if (text === undefined || text === null || labels.has(text)) continue;
      for (const label of isArray ? (parseArray(text) ?? []) : [text]) {
        if (label === null || labels.has(label)) continue;
        labels.add(label);
        isNew = true;
      }
    }
    return isNew;
  }
}
