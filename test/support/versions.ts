/** Text columns by name, as the tables of the seed have them. */
export type Row = Readonly<Record<string, string | null>>;

interface Version {
  readonly step: number;
  readonly row: Row | undefined;
}

/** Every version that the rows of one table have had, by the step that committed it: what an oracle looks up. */
export class Versions {
  readonly #byKey = new Map<string, Version[]>();

  set(key: string, row: Row | undefined, step: number): void {
    const versions = this.#byKey.get(key);
    if (versions === undefined) this.#byKey.set(key, [{step, row}]);
    else versions.push({step, row});
  }

  /** The row as it stands; undefined when it was deleted or never existed. */
  current(key: string): Row | undefined {
    return this.#byKey.get(key)?.at(-1)?.row;
  }

  keys(): readonly string[] {
    return [...this.#byKey.keys()].filter((key) => this.current(key) !== undefined);
  }

  all(key: string): readonly Version[] {
    return this.#byKey.get(key) ?? [];
  }

  /** The rows that were current at `step` or at some time after it. */
  since(key: string, step: number): readonly Row[] {
    const versions = this.all(key);
    return versions.flatMap(({row}, index) => {
      const end = versions[index + 1]?.step ?? Infinity;
      return row !== undefined && end > step ? [row] : [];
    });
  }
}
