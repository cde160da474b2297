import type {ByteWriter} from '../../kafka/memory-records/byte-writer.ts';

/** A text that many records have in common: from its second use on only its bytes are copied. */
export class RepeatedText {
  readonly text: string;
  #bytes: Uint8Array | undefined;
  #isUsed = false;

  constructor(text: string) {
    this.text = text;
  }

  writeTo(out: ByteWriter): void {
    if (this.#bytes !== undefined) return out.bytes(this.#bytes);
    out.text(this.text);
    if (this.#isUsed) this.#bytes = Buffer.from(this.text);
    this.#isUsed = true;
  }
}
