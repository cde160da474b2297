import type {RecordHeader} from '../kafka/client.ts';
import type {EventContext, SnapshotMarker} from './event-context.ts';
import type {Relation, SnapshotBatch, Tuple} from './replication-source.ts';
import type {SourcePositionHeader} from './source-position-header.ts';
import type {TableEncoder} from './table-encoder.ts';

/** Rows that are ready to be encoded, and whether the table or everything ends with them. */
interface HeldRows {
  readonly batch: SnapshotBatch;
  lastOfTable: boolean;
}

/**
 * Encodes snapshot rows with Debezium's markers. Holds the newest rows back until it is known whether more follow: the
 * last table of a snapshot may be empty.
 */
export class SnapshotEncoder {
  readonly #context: EventContext;
  readonly #positions: SourcePositionHeader;
  #held: HeldRows | undefined;
  #seenTable: Relation | undefined;
  #headers: readonly RecordHeader[] = [];

  constructor(context: EventContext, positions: SourcePositionHeader) {
    this.#context = context;
    this.#positions = positions;
  }

  /** The batch that `add` or `end` will encode; its relation must be prepared by then. */
  get held(): SnapshotBatch | undefined {
    return this.#held?.batch;
  }

  /** Takes a batch, and encodes the one before with `encoder`. */
  add(batch: SnapshotBatch, encoder: (relation: Relation) => TableEncoder, now: number): void {
    const held = this.#held;
    if (batch.rows.length === 0) {
      if (held !== undefined && batch.lastOfTable && batch.relation === held.batch.relation) {
        held.lastOfTable = true;
      }
      return;
    }
    if (held !== undefined) this.#encode(held, encoder(held.batch.relation), false, now);
    this.#held = {batch, lastOfTable: batch.lastOfTable};
  }

  /** Encodes what is held, as the last rows of the snapshot. */
  end(encoder: (relation: Relation) => TableEncoder, now: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#encode(held, encoder(held.batch.relation), true, now);
  }

  #encode(held: HeldRows, encoder: TableEncoder, isLast: boolean, now: number): void {
    const {consistentPoint, takenAt, xid, relation, rows} = held.batch;
    const firstOfTable = relation !== this.#seenTable;
    const first = this.#seenTable === undefined ? 'first' : 'first_in_data_collection';
    const last = isLast ? 'last' : 'last_in_data_collection';
    const end = rows.length - 1;
    if (this.#seenTable === undefined) {
      this.#positions.lsn = consistentPoint;
      this.#headers = [this.#positions.at(0)];
    }
    this.#seenTable = relation;
    this.#context.processedAt(now);
    let current: SnapshotMarker | undefined;
    for (let i = 0; i <= end; i++) {
      const marker = markerOf(
        firstOfTable && i === 0 ? first : undefined,
        (isLast || held.lastOfTable) && i === end ? last : undefined,
      );
      if (marker !== current) {
        this.#context.snapshot(takenAt, xid, marker);
        current = marker;
      }
      encoder.read(rows[i] as Tuple, consistentPoint, this.#headers);
    }
  }
}

/** Debezium's precedence where one row is several: `AbstractSnapshotChangeEventSource.setSnapshotMarker`. */
export function markerOf(
  first: 'first' | 'first_in_data_collection' | undefined,
  last: 'last' | 'last_in_data_collection' | undefined,
): SnapshotMarker {
  if (last === 'last') return last;
  if (first === 'first') return first;
  return last ?? first ?? 'true';
}
