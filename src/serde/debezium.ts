import {nullable, notNull, struct, varchar} from './schema.ts';
import type {Fields, InferFields, Schema, Struct} from './schema.ts';

/** create, update, delete, read (snapshot), truncate, message. */
export type Op = 'c' | 'u' | 'd' | 'r' | 't' | 'm';

/** Debezium's change event, as far as a topology reads it. `before` and `after` are null where there was no row. */
export interface Envelope<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly op: Op;
}

/** What is read of an envelope; the source block and the times stay in the record. */
export function envelope<F extends Fields>(row: Struct<F>): Schema<Envelope<InferFields<F>>> {
  return struct({
    before: nullable(row),
    after: nullable(row),
    op: notNull(varchar()),
  }) as unknown as Schema<Envelope<InferFields<F>>>;
}
