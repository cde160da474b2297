import {createHash} from 'node:crypto';

import type {Schema} from '../../serde/schema.ts';

/** How one Postgres type is shown in a change event. */
export interface ColumnType {
  readonly schema: Schema;
  /** JSON text for Postgres' text of a value that is not null. */
  readonly toJson: (text: string) => string;
  /** JSON text that stands for a NOT NULL column outside of the replica identity in a delete. */
  readonly zero: string;
  /** JSON text for a TOAST value that the update left alone, under a replica identity that does not send it. */
  readonly unavailable: string;
}

/** Called with a value that the type's Connect form cannot express; the event carries null instead. */
export type ReportLoss = (text: string) => void;

/** Debezium's `unavailable.value.placeholder`, its default. */
export const UNAVAILABLE_VALUE = '__debezium_unavailable_value';

const unavailableBytes = Buffer.from(UNAVAILABLE_VALUE);

/** The placeholder as a JSON string. */
export const UNAVAILABLE_JSON = JSON.stringify(UNAVAILABLE_VALUE);
export const UNAVAILABLE_BASE64 = JSON.stringify(unavailableBytes.toString('base64'));
/** The placeholder as an array of its byte codes, for arrays of integers and dates. */
export const UNAVAILABLE_CODES = `[${[...unavailableBytes].join(',')}]`;
/** `UUID.nameUUIDFromBytes` of the placeholder: MD5 with version 3 and the RFC 4122 variant. */
export const UNAVAILABLE_UUID = nameUuid(unavailableBytes);

function nameUuid(bytes: Buffer): string {
  const md5 = createHash('md5').update(bytes).digest();
  md5[6] = ((md5[6] as number) & 0x0f) | 0x30;
  md5[8] = ((md5[8] as number) & 0x3f) | 0x80;
  const hex = md5.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
