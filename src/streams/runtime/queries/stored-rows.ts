/** What is asked of the stores of one table: the rows of some partitions whose keys lie between two. */
export interface StoredRowsRequest {
  readonly store: string;
  readonly partitions: readonly number[];
  /** Serialized keys, both included; equal ones ask for one row. */
  readonly from?: Buffer | undefined;
  readonly to?: Buffer | undefined;
  /** Rows at most, of all partitions together. */
  readonly limit: number;
}

/** A row as its store keeps it. */
export interface StoredRow {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The first rows in the order of their serialized keys. */
export interface StoredRows {
  readonly rows: readonly StoredRow[];
  /** By partition: the changelog offset up to which its store holds everything. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** The port to the other instances of the application. */
export interface PeerStores {
  /**
   * What the instance at `server` has of these rows; it asks nobody else.
   *
   * @throws QueryError what it answers, or that it cannot be reached.
   */
  rows(server: string, request: StoredRowsRequest, caller: Caller): Promise<StoredRows>;
}

/** What a request carries on to other instances: who asks. */
export interface Caller {
  readonly authorization?: string | undefined;
}

/** The rows of several answers as one. */
export function mergeStoredRows(answers: readonly StoredRows[], limit: number): StoredRows {
  const [only] = answers;
  if (only !== undefined && answers.length === 1) return only;
  return {
    rows: answers
      .flatMap(({rows}) => rows)
      .toSorted((a, b) => Buffer.compare(a.key, b.key))
      .slice(0, limit),
    offsets: new Map(answers.flatMap(({offsets}) => [...offsets])),
  };
}
