import {FatalError, messageOf} from '../../common/errors.ts';
import {incompatibility} from './json-schema-compatibility.ts';
import type {Compatibility} from './schema-registry.ts';

/** One version of a subject. */
export interface SchemaVersion {
  readonly subject: string;
  /** From 1; gaps where versions were deleted. */
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  /** No longer the subject's, but its id stays readable. */
  readonly deleted: boolean;
}

/** What a registry knows: schemas by id and by subject, and the subjects' compatibility levels. In memory. */
export class RegisteredSchemas {
  readonly #texts = new Map<number, string>();
  readonly #ids = new Map<string, number>();
  readonly #subjects = new Map<string, Map<number, SchemaVersion>>();
  readonly #levels = new Map<string, Compatibility>();
  #maxId = 0;

  byId(id: number): string | undefined {
    return this.#texts.get(id);
  }

  /** The id of this text under this subject; undefined when it is not registered there. */
  idUnder(subject: string, schema: string): number | undefined {
    return this.#live(subject).find((version) => version.schema === schema)?.id;
  }

  /** NONE unless set. */
  compatibility(subject: string): Compatibility {
    return this.#levels.get(subject) ?? 'NONE';
  }

  /**
   * The version that registering this text adds. Changes nothing.
   *
   * @throws FatalError SCHEMA_INVALID, SCHEMA_INCOMPATIBLE
   */
  next(subject: string, schema: string): SchemaVersion {
    try {
      JSON.parse(schema);
    } catch (error) {
      throw new FatalError(
        'SCHEMA_INVALID',
        `the schema for subject ${subject} is not JSON: ${messageOf(error)}`,
        {cause: error},
      );
    }
    const level = this.compatibility(subject);
    const latest = this.#live(subject).at(-1);
    const problem = latest && incompatibility(level, latest.schema, schema);
    if (problem !== undefined) {
      throw new FatalError(
        'SCHEMA_INCOMPATIBLE',
        `subject ${subject} has compatibility ${level}, and ${problem}; undo the change, or set the subject's compatibility to NONE`,
      );
    }
    const version = Math.max(0, ...this.#versions(subject).keys()) + 1;
    const id = this.#ids.get(schema) ?? this.#maxId + 1;
    return {subject, version, id, schema, deleted: false};
  }

  add(version: SchemaVersion): void {
    const {subject, id, schema} = version;
    this.#texts.set(id, schema);
    if (!this.#ids.has(schema)) this.#ids.set(schema, id);
    this.#maxId = Math.max(this.#maxId, id);
    this.#versions(subject).set(version.version, version);
  }

  /** Takes a version away from its subject for good. */
  remove(subject: string, version: number): void {
    this.#versions(subject).delete(version);
  }

  /** Marks the versions up to and including this one as deleted. */
  deleteUpTo(subject: string, last: number): void {
    for (const version of this.#live(subject)) {
      if (version.version <= last) this.add({...version, deleted: true});
    }
  }

  setCompatibility(subject: string, level: Compatibility | undefined): void {
    if (level === undefined) this.#levels.delete(subject);
    else this.#levels.set(subject, level);
  }

  #versions(subject: string): Map<number, SchemaVersion> {
    const versions = this.#subjects.get(subject) ?? new Map<number, SchemaVersion>();
    this.#subjects.set(subject, versions);
    return versions;
  }

  /** The versions that are not deleted, oldest first. */
  #live(subject: string): SchemaVersion[] {
    return [...this.#versions(subject).values()]
      .filter(({deleted}) => !deleted)
      .toSorted((a, b) => a.version - b.version);
  }
}
