import type {SnapshotChunk} from '../chunk-source.ts';
import type {Relation, RowChange} from '../replication-source.ts';
import type {Tuple} from '../tuple.ts';

/** The values of a key as one text. */
type KeyText = string;

/**
 * The time between the request for a chunk and its watermark in the stream, in which a row may change after it was read
 * or before: whatever the stream has of it by then is newer, so the chunk's row is left out.
 */
export class ChunkWindow {
  /** Names the message that ends the window. */
  readonly watermark: string;
  /** `schema.table`. */
  readonly table: string;
  readonly #changed = new Set<KeyText>();
  #isTruncated = false;
  #isUnknown = false;
  #relation: Relation | undefined;
  #key: readonly number[] = [];
  #chunk: SnapshotChunk | undefined;

  constructor(watermark: string, table: string) {
    this.watermark = watermark;
    this.table = table;
  }

  /** Undefined until it was read. */
  get chunk(): SnapshotChunk | undefined {
    return this.#chunk;
  }

  accept(chunk: SnapshotChunk): void {
    this.#chunk = chunk;
  }

  /** A row was changed of which the key is not known: its replica identity does not cover it. The chunk is of no use. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  /** A change that the stream has delivered while the window was open. */
  saw({relation, before, after}: RowChange): void {
    if (relation !== this.#relation) {
      if (`${relation.schema}.${relation.table}` !== this.table) return;
      this.#relation = relation;
      this.#key = keyIndexes(relation, relation.primaryKey);
    }
    // A part of the key that an update has left alone comes with neither or either of the two.
    if (after !== undefined) this.#add(after, before);
    if (before !== undefined) this.#add(before, after);
    if (after === undefined && before === undefined) this.#isUnknown = true;
  }

  sawTruncate({schema, table}: Relation): void {
    if (`${schema}.${table}` === this.table) this.#isTruncated = true;
  }

  /** The rows of the chunk that the stream has not had meanwhile. */
  rows(): readonly Tuple[] {
    const chunk = this.#chunk;
    if (chunk === undefined || this.#isTruncated) return [];
    if (this.#changed.size === 0) return chunk.rows;
    const key = keyIndexes(chunk.relation, chunk.keyColumns);
    return chunk.rows.filter((row) => !this.#changed.has(keyText(key, row, undefined) as KeyText));
  }

  #add(row: Tuple, other: Tuple | undefined): void {
    const text = keyText(this.#key, row, other);
    if (text === undefined) this.#isUnknown = true;
    else this.#changed.add(text);
  }
}

function keyIndexes({columns}: Relation, names: readonly string[]): readonly number[] {
  return names.map((name) => columns.findIndex((column) => column.name === name));
}

/** Undefined where neither of the two has all of it. */
function keyText(
  key: readonly number[],
  row: Tuple,
  other: Tuple | undefined,
): KeyText | undefined {
  const values = key.map((index) => row.text(index) ?? other?.text(index));
  return values.includes(undefined) ? undefined : JSON.stringify(values);
}
