/** Where our events are not Debezium's, and why that is so. */
export interface KnownDifference {
  readonly reason: string;
  /** Of `<table>.<path in the event>`. */
  readonly where: RegExp;
  /** The recordings that have it; all of them where not given. */
  readonly only?: readonly string[];
}

/** Values of a column, in an envelope or in a flat row. */
function values(table: string, column: string): RegExp {
  return new RegExp(String.raw`^${table}\.value\.(?:(?:before|after)\.)?(?:${column})$`);
}

/** What a schema says of a column, in an envelope or of a flat row. */
function schemas(table: string, column: string, property: string): RegExp {
  return new RegExp(
    String.raw`^${table}\.valueSchema\.(?:fields\.(?:before|after)\.)?fields\.(?:${column})${property}$`,
  );
}

/** Debezium's mistakes, and what we leave out on purpose; `docs/cdc.md` tells them to people. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    reason: 'A default of a column is not in the schema: readers would take it for a null.',
    where: schemas('(?:defaults|integers)', String.raw`\w+`, String.raw`\.default`),
  },
  {
    reason: 'A null stays null in a column with a default.',
    where: values('defaults', 'flag|day'),
  },
  {
    reason: 'A NOT NULL column that a delete does not bring has its zero, not its default.',
    where: values('defaults', 'n|word|amount|at'),
  },
  {
    reason: 'A generated column is in no event; Debezium has it in the snapshot only.',
    where: values('oddities', 'doubled'),
  },
  {
    reason: 'A generated column is in no schema.',
    where: schemas('oddities', 'doubled', ''),
  },
  {
    reason: 'A generated column is not among the columns.',
    where: schemas('oddities', 'order', ''),
  },
  {
    reason: 'A negative scale is not 2048 more than it is.',
    where: schemas('decimals', 'coarse', String.raw`\.parameters\.scale`),
    only: ['default', 'flat'],
  },
  {reason: 'A negative scale makes small numbers.', where: values('decimals', 'coarse')},
  {
    reason:
      'A date before Christ in a snapshot: Debezium counts in another calendar and without the era.',
    where: values('far_moments', 'date_'),
  },
  {
    reason: 'Microseconds of the year 294276 do not fit 64 bits: null, where Debezium overflows.',
    where: values('far_moments', 'ts'),
    only: ['default', 'flat'],
  },
  {
    reason: 'A value of the type name is its text; Debezium has null while it streams.',
    where: values('strings', 'named'),
  },
  {
    reason:
      'An array of arrays does not fit the schema of an array: null, where Debezium has nulls or names of Java objects.',
    where: values('nested_arrays', 'grid|words'),
  },
  {
    reason: 'Arrays of times keep their microseconds, which Debezium reads over JDBC to seconds.',
    where: values('time_arrays', 'times|timetzs'),
  },
  {
    reason: 'An array of bit is an array; Debezium takes it for one value and has null.',
    where: values('time_arrays', 'bits'),
  },
  {
    reason: 'An array of bit is an array in the schema, too.',
    where: schemas('time_arrays', 'bits', String.raw`\.(?:type|name|version|parameters|items)`),
  },
  {
    reason: 'A new label of an enum is in the schema from its first use on; Debezium never has it.',
    where: /^(?:oddities|text_arrays)\..*\.parameters\.allowed$/,
  },
];
