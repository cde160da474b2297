/** Bytes before the first record, for the header of the record batch that they may become. */
export const RECORDS_AT = 61;

/** The records of one record batch in Kafka's message format 2, uncompressed. */
export interface RecordsBody {
  /** What stands before `RECORDS_AT` has no meaning. */
  readonly buffer: Buffer;
  readonly count: number;
  /** Milliseconds: what the records' own timestamps are counted from. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
}

/**
 * Records of one partition that were encoded as they came, without an object for each; `MemoryRecordsBuilder` makes them.
 * They are sent once: their memory belongs to the producer then.
 */
export interface MemoryRecords {
  /** Of all bodies together; not 0. */
  readonly count: number;
  /** In this order. */
  readonly bodies: readonly RecordsBody[];
}

export function isEncoded(records: readonly unknown[] | MemoryRecords): records is MemoryRecords {
  return 'bodies' in records;
}
