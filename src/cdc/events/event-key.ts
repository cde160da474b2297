import {ByteWriter} from '../../kafka/memory-records/byte-writer.ts';
import {partitionFor} from '../../kafka/partitioner.ts';
import type {EventTarget, EventTopic} from './event-topic.ts';

/** The key of the record that is being written, in memory that the next one uses again. */
export class EventKey {
  readonly #out = new ByteWriter();
  #isNull = true;

  /** The key is the first `length` bytes. */
  get bytes(): Uint8Array | null {
    return this.#isNull ? null : this.#out.buffer;
  }

  get length(): number {
    return this.#out.at;
  }

  /** `header` followed by `json`. */
  write(header: Uint8Array, json: string): void {
    this.begin(header).text(json);
  }

  /** `header`, and what is written then. */
  begin(header: Uint8Array): ByteWriter {
    const out = this.#out;
    this.#isNull = false;
    out.at = 0;
    out.bytes(header);
    return out;
  }

  clear(): void {
    this.#isNull = true;
    this.#out.at = 0;
  }

  /** Where the record belongs. */
  targetIn({targets}: EventTopic): EventTarget {
    return targets[partitionFor(this.bytes, targets.length, this.length)] as EventTarget;
  }
}
