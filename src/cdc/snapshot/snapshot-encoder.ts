import type {RecordHeader} from '../../kafka/client.ts';
import type {EventContext, SnapshotMarker} from '../events/event-context.ts';
import type {Relation, SnapshotBatch} from '../replication-source.ts';
import type {SourcePositionHeader} from '../events/source-position-header.ts';
import type {TableEncoder} from '../events/table-encoder.ts';
import type {Tuple} from '../tuple.ts';

/**
 * Encodes snapshot rows with Debezium's markers, also where the batches of several tables alternate. Holds the newest
 * rows back until it is known whether more follow: the last table of a snapshot may be empty.
 */
export class SnapshotEncoder {
  readonly #context: EventContext;
  readonly #positions: SourcePositionHeader;
  readonly #begun = new Set<Relation>();
  readonly #completed: string[];
  #held: SnapshotBatch | undefined;
  #headers: readonly RecordHeader[] = [];

  /** `leftOut`: captured tables that the snapshot does not read, so that nothing of them is missing. */
  constructor(
    context: EventContext,
    positions: SourcePositionHeader,
    leftOut: readonly string[] = [],
  ) {
    this.#context = context;
    this.#positions = positions;
    this.#completed = [...leftOut];
  }

  /** `schema.table` of the tables whose last row has been encoded, of empty ones, and of those left out. */
  get completedTables(): readonly string[] {
    return this.#completed;
  }

  /** Takes a batch, and encodes the one before with `encoder`; its relation must be prepared by then. */
  add(batch: SnapshotBatch, encoder: (relation: Relation) => TableEncoder, now: number): void {
    if (batch.rows.length === 0) {
      this.#complete(batch);
      return;
    }
    const held = this.#held;
    this.#held = batch;
    if (held !== undefined) this.#encode(held, encoder(held.relation), false, now);
  }

  /** Encodes what is held, as the last rows of the snapshot. */
  end(encoder: (relation: Relation) => TableEncoder, now: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#encode(held, encoder(held.relation), true, now);
  }

  #encode(batch: SnapshotBatch, encoder: TableEncoder, isLast: boolean, now: number): void {
    const {consistentPoint, takenAt, xid, relation, rows, lastOfTable} = batch;
    const firstOfTable = !this.#begun.has(relation);
    const first = this.#begun.size === 0 ? 'first' : 'first_in_data_collection';
    const last = isLast ? 'last' : 'last_in_data_collection';
    const end = rows.length - 1;
    if (this.#begun.size === 0) {
      this.#positions.lsn = consistentPoint;
      const {key, value} = this.#positions.at(0);
      this.#headers = [{key, value: Buffer.from(value)}];
    }
    this.#begun.add(relation);
    this.#context.processedAt(now);
    let current: SnapshotMarker | undefined;
    for (let i = 0; i <= end; i++) {
      const marker = markerOf(
        firstOfTable && i === 0 ? first : undefined,
        (isLast || lastOfTable) && i === end ? last : undefined,
      );
      // Another batch may have left its own.
      if (marker !== current) {
        this.#context.snapshot(takenAt, xid, marker);
        current = marker;
      }
      const row = rows[i] as Tuple;
      try {
        encoder.read(row, consistentPoint, this.#headers);
      } catch (error) {
        throw encoder.located(error, [row], 'in the snapshot');
      }
    }
    this.#complete(batch);
  }

  #complete({relation: {schema, table}, lastOfTable}: SnapshotBatch): void {
    if (lastOfTable) this.#completed.push(`${schema}.${table}`);
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
