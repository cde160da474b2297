import type {RecordHeader} from '../../kafka/client.ts';
import {SOURCE_POSITION_HEADER, encodeSourcePosition} from '../../serde/source-position.ts';
import type {PositionedSource} from '../../serde/source-position.ts';
import type {ByteSlab} from './byte-slab.ts';

const LSN_BYTES = 8;

/** Writes the source position headers of one source's records, one after another: `encodeSourcePosition`, five times as fast. */
export class SourcePositionHeader {
  readonly #bytes: Buffer;
  readonly #slab: ByteSlab;

  constructor(source: PositionedSource, slab: ByteSlab) {
    this.#bytes = encodeSourcePosition(source, 0n, 0);
    this.#slab = slab;
  }

  /** Of the records that follow. */
  set lsn(lsn: bigint) {
    this.#bytes.writeBigUInt64BE(lsn, 0);
  }

  at(ordinal: number): RecordHeader {
    const bytes = this.#bytes;
    bytes[LSN_BYTES] = ordinal >>> 24;
    bytes[LSN_BYTES + 1] = ordinal >>> 16;
    bytes[LSN_BYTES + 2] = ordinal >>> 8;
    bytes[LSN_BYTES + 3] = ordinal;
    return {key: SOURCE_POSITION_HEADER, value: this.#slab.copy(bytes)};
  }
}
