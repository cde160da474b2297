import {putVarint, varintSize} from './varint.ts';

/** The names of headers as records have them, of which a partition has few: the length, and the UTF-8. */
export class HeaderNames {
  readonly #fields = new Map<string, Buffer>();

  of(name: string): Buffer {
    const known = this.#fields.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(name);
    const field = Buffer.alloc(varintSize(bytes.length) + bytes.length);
    bytes.copy(field, putVarint(field, 0, bytes.length));
    this.#fields.set(name, field);
    return field;
  }
}
