/**
 * The port to a Schema Registry for JSON Schemas.
 *
 * Ids are global: the same text has the same id under every subject. Every implementation passes
 * `test/suites/schema-registry-suite.ts`.
 */
export interface SchemaRegistry {
  /**
   * The id of `schema` under `subject`, registered now if it is new. Idempotent.
   *
   * @throws FatalError SCHEMA_INCOMPATIBLE when the subject's compatibility level refuses it.
   */
  register(subject: string, schema: string): Promise<number>;
  /** The schema text; undefined when no such id exists. */
  byId(id: number): Promise<string | undefined>;
  compatibility(subject: string): Promise<Compatibility>;
  setCompatibility(subject: string, level: Compatibility): Promise<void>;
}

export type Compatibility = 'NONE' | 'BACKWARD' | 'FORWARD' | 'FULL';
