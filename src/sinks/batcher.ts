/** When a batch is written: as soon as one of these is reached. */
export interface BatchLimits {
  /** Records of one batch at most. */
  readonly batchSize: number;
  /** Bytes of one batch at most, unless a single record has more. */
  readonly bufferBytes: number;
  /** How long a batch waits for more, in milliseconds; 0 writes at once what has arrived. */
  readonly lingerMs: number;
}

export interface BatchEntry {
  readonly offset: number;
  readonly bytes: number;
}

/** The entries from `startOffset` on; `nextOffset` follows them and whatever has no entry, such as control records. */
export interface Batch<E> {
  readonly entries: readonly E[];
  readonly startOffset: number;
  readonly nextOffset: number;
}

/** What arrived at once, from `first` on. */
interface Arrival<E> {
  readonly entries: readonly E[];
  readonly position: number;
  readonly at: number;
  first: number;
}

/** Decides which entries of one partition are written together, and when. */
export class Batcher<E extends BatchEntry> {
  readonly #limits: BatchLimits;
  readonly #arrivals: Arrival<E>[] = [];
  #size = 0;
  #bytes = 0;
  #startOffset: number;
  #position: number;

  constructor(limits: BatchLimits, startOffset: number) {
    this.#limits = limits;
    this.#startOffset = startOffset;
    this.#position = startOffset;
  }

  /** A whole batch waits: read no further. */
  get isFull(): boolean {
    return this.#size >= this.#limits.batchSize || this.#bytes >= this.#limits.bufferBytes;
  }

  get isEmpty(): boolean {
    return this.#arrivals.length === 0;
  }

  /** Takes over what was read up to `position`. Without entries the position may still have moved. */
  add(entries: readonly E[], position: number, now: number): void {
    if (position === this.#position) return;
    this.#arrivals.push({entries, position, at: now, first: 0});
    this.#position = position;
    this.#size += entries.length;
    for (const {bytes} of entries) this.#bytes += bytes;
  }

  /** Milliseconds until a batch is due; undefined while there is nothing to write. */
  dueIn(now: number): number | undefined {
    const [oldest] = this.#arrivals;
    if (oldest === undefined) return undefined;
    return this.isFull ? 0 : Math.max(0, oldest.at + this.#limits.lingerMs - now);
  }

  /** Removes and returns one batch from what waits. */
  take(): Batch<E> {
    const entries: E[] = [];
    const startOffset = this.#startOffset;
    let bytes = 0;
    for (const arrival of this.#arrivals) {
      while (arrival.first < arrival.entries.length) {
        const entry = arrival.entries[arrival.first] as E;
        if (!this.#fits(entries.length, bytes + entry.bytes)) break;
        arrival.first++;
        bytes += entry.bytes;
        entries.push(entry);
        this.#startOffset = entry.offset + 1;
      }
      if (arrival.first < arrival.entries.length) break;
      this.#startOffset = arrival.position;
    }
    while (isTaken(this.#arrivals[0])) this.#arrivals.shift();
    this.#size -= entries.length;
    this.#bytes -= bytes;
    return {entries, startOffset, nextOffset: this.#startOffset};
  }

  /** Whether one more entry fits behind `size` others, `bytes` in all. */
  #fits(size: number, bytes: number): boolean {
    if (size === 0) return true;
    return size < this.#limits.batchSize && bytes <= this.#limits.bufferBytes;
  }
}

function isTaken(arrival: Arrival<unknown> | undefined): boolean {
  return arrival !== undefined && arrival.first === arrival.entries.length;
}
