/** A schema that a stage registers before its first record, as `millrace check` looks at it. */
export interface NeededSubject {
  readonly subject: string;
  /** The text of the JSON Schema. */
  readonly schema: string;
}
