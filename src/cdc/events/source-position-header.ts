import type {RecordHeader} from '../../kafka/client.ts';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../serde/source-position.ts';
import type {PositionedSource} from '../../serde/source-position.ts';

const LSN_BYTES = 8;

/** The source position headers of one source's records, one after another: `encodeSourcePosition` without an object for each. */
export class SourcePositionHeader {
  readonly #bytes: Buffer;
  readonly #header: RecordHeader;

  constructor(source: PositionedSource) {
    this.#bytes = encodeSourcePosition(source, 0n, 0);
    this.#header = {key: SOURCE_POSITION_HEADER, value: this.#bytes};
  }

  /** Of the records that follow. */
  set lsn(lsn: bigint) {
    this.#bytes.writeBigUInt64BE(lsn, 0);
  }

  /** Valid until the next call. */
  at(ordinal: number): RecordHeader {
    const bytes = this.#bytes;
    bytes[LSN_BYTES] = ordinal >>> 24;
    bytes[LSN_BYTES + 1] = ordinal >>> 16;
    bytes[LSN_BYTES + 2] = ordinal >>> 8;
    bytes[LSN_BYTES + 3] = ordinal;
    return this.#header;
  }
}
