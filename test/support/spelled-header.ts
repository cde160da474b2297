import {DeferredHeader} from '../../src/common/deferred-header.ts';

/** A header whose value is written from its text, each time that it is wanted. */
export class SpelledHeader extends DeferredHeader {
  readonly key: string;
  readonly #text: string;

  constructor(key: string, text: string) {
    super(Buffer.byteLength(text));
    this.key = key;
    this.#text = text;
  }

  writeTo(target: Buffer, at: number): number {
    return at + target.write(this.#text, at);
  }
}
