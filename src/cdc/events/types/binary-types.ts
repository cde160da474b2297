import {bytes, varchar} from '../../../serde/schema.ts';
import type {Schema} from '../../../serde/schema.ts';
import type {ColumnType} from './column-type.ts';
import type {TypeHandling} from './type-handling.ts';
import type {UnavailableValue} from './unavailable-value.ts';

type Mode = TypeHandling['binary'];

/** Connect's bytes are base64 in JSON, as is the text of the mode `base64`; their schemas differ. */
export function binarySchema(mode: Mode): Schema {
  return mode === 'bytes' ? bytes() : varchar();
}

/** `bytea_output=hex`: `\xdeadbeef`. */
export function byteaType(mode: Mode, unavailable: UnavailableValue): ColumnType {
  return {
    schema: binarySchema(mode),
    toJson:
      mode === 'hex'
        ? (hex) => '"' + hex.slice(2) + '"'
        : (hex) => binaryJson(Buffer.from(hex.slice(2), 'hex'), mode),
    zero: '""',
    unavailable: byteaUnavailable(mode, unavailable),
  };
}

/** Debezium has no placeholder in the two base64 modes. */
function byteaUnavailable(mode: Mode, unavailable: UnavailableValue): string {
  if (mode === 'bytes') return unavailable.base64;
  return mode === 'hex' ? unavailable.string : 'null';
}

/** The bytes of Postgres' text of a type that is not known. */
export function unknownType(mode: Mode): ColumnType {
  return {
    schema: binarySchema(mode),
    toJson: (text) => binaryJson(Buffer.from(text), mode),
    zero: '""',
    unavailable: 'null',
  };
}

/** Bytes as JSON, quotes included. */
export function binaryJson(value: Buffer, mode: Mode): string {
  if (mode === 'hex') return '"' + value.toString('hex') + '"';
  const base64 = value.toString('base64');
  // Java's URL-safe form keeps the padding.
  const text = mode === 'base64-url-safe' ? base64.replace(/\+/g, '-').replace(/\//g, '_') : base64;
  return '"' + text + '"';
}
