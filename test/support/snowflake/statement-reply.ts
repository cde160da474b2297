/** A statement's answer before it is a response: columns and cells, as they go over the wire. */
export interface StatementReply {
  readonly columns: readonly ReplyColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** What kind of statement it was; the driver counts the rows of DML by it. */
  readonly statementTypeId: number;
  /** PUT: what the driver is to upload, in place of rows. */
  readonly upload?: Readonly<Record<string, unknown>>;
}

export interface ReplyColumn {
  readonly name: string;
  readonly type: 'text' | 'fixed' | 'real' | 'boolean' | 'variant';
  readonly scale?: number;
}

export const statementTypes = {
  select: 4096,
  insert: 12544,
  update: 12800,
  delete: 13056,
  merge: 13312,
  copy: 13824,
  other: 24576,
} as const;

/** The answer to DDL, BEGIN, COMMIT and ROLLBACK. */
export function statusReply(status: string): StatementReply {
  return textReply([{status}], statementTypes.other);
}

/** The answer to DML: how many rows it has changed. */
export function countReply(
  kind: 'insert' | 'update' | 'delete' | 'merge',
  rows: number,
): StatementReply {
  const names = {
    insert: ['number of rows inserted'],
    update: ['number of rows updated', 'number of multi-joined rows updated'],
    delete: ['number of rows deleted'],
    merge: ['number of rows inserted', 'number of rows updated'],
  }[kind];
  return {
    columns: names.map((name) => ({name, type: 'fixed', scale: 0})),
    rows: [names.map((_, at) => (at === 0 ? String(rows) : '0'))],
    statementTypeId: statementTypes[kind],
  };
}

/** Rows of text; without any there are no columns either. */
export function textReply(
  rows: readonly Readonly<Record<string, string | null>>[],
  statementTypeId: number = statementTypes.select,
): StatementReply {
  const names = Object.keys(rows[0] ?? {status: null});
  return {
    columns: names.map((name) => ({name, type: 'text'})),
    rows: rows.map((row) => names.map((name) => row[name] ?? null)),
    statementTypeId,
  };
}
