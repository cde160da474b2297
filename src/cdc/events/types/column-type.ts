import type {Schema} from '../../../serde/schema.ts';
import type {JsonWriter} from './json-writer.ts';

/** How one Postgres type is shown in a change event. */
export interface ColumnType {
  readonly schema: Schema;
  /** JSON text for Postgres' text of a value that is not null. */
  readonly toJson: (text: string) => string;
  /** The same without a string, for the forms that most values have. */
  readonly writeJson?: JsonWriter;
  /** JSON text that stands for a NOT NULL column outside of the replica identity in a delete. */
  readonly zero: string;
  /** JSON text for a TOAST value that the update left alone, under a replica identity that does not send it. */
  readonly unavailable: string;
}

/** Called with a value that the type's Connect form cannot express; the event carries null instead. */
export type ReportLoss = (text: string) => void;

/** Reports what has no form in the event, and writes null for it. */
export function lost(text: string, reportLoss: ReportLoss): string {
  reportLoss(text);
  return 'null';
}
