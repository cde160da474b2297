/** How far the changelog of one store has been applied. */
interface Restoring {
  readonly from: number;
  readonly end: number;
  position: number;
  records: number;
}

/** How far a restore has got, by changelog partition. */
export class RestoreProgress {
  readonly #changelogs = new Map<string, Restoring>();

  begin(changelog: string, from: number, end: number): void {
    this.#changelogs.set(changelog, {from, end, position: from, records: 0});
  }

  applied(changelog: string, records: number, position: number): void {
    const restoring = this.#changelogs.get(changelog);
    if (restoring === undefined) return;
    restoring.records += records;
    restoring.position = position;
  }

  /** Changelog records applied so far. */
  get records(): number {
    let sum = 0;
    for (const {records} of this.#changelogs.values()) sum += records;
    return sum;
  }

  /** Offsets that there were to read; some of them are no records. */
  get total(): number {
    let sum = 0;
    for (const {from, end} of this.#changelogs.values()) sum += end - from;
    return sum;
  }

  /** By changelog partition: records applied, and how many offsets of how many were read for that. */
  status(): Readonly<Record<string, object>> {
    return Object.fromEntries(
      [...this.#changelogs].map(([changelog, {from, end, position, records}]) => [
        changelog,
        {records, restored: Math.min(position, end) - from, total: end - from},
      ]),
    );
  }
}
