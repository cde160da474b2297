import {putVarint, varintSize} from './varint.ts';

interface Name {
  readonly text: string;
  readonly field: Buffer;
}

/** The names of headers as records have them, of which a partition has few: the length, and the UTF-8. */
export class HeaderNames {
  readonly #fields = new Map<string, Buffer>();
  /** The last one in each place of a list of headers: records next to each other have the same mostly. */
  readonly #places: Name[] = [];

  /** That of the header in this place of its list. */
  at(place: number, text: string): Buffer {
    const last = this.#places[place];
    if (last?.text === text) return last.field;
    const field = this.#of(text);
    this.#places[place] = {text, field};
    return field;
  }

  #of(text: string): Buffer {
    const known = this.#fields.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text);
    const field = Buffer.alloc(varintSize(bytes.length) + bytes.length);
    bytes.copy(field, putVarint(field, 0, bytes.length));
    this.#fields.set(text, field);
    return field;
  }
}
