import {createHash} from 'node:crypto';

/** Before hexadecimal digits of the bytes, where a placeholder is not text. */
const HEX = 'hex:';

/** `unavailable.value.placeholder` in each form that Debezium gives it, as JSON texts. */
export class UnavailableValue {
  readonly string: string;
  readonly base64: string;
  /** Its byte codes, for arrays of integers and dates. */
  readonly codes: string;
  /** `UUID.nameUUIDFromBytes` of it: MD5 with version 3 and the RFC 4122 variant. */
  readonly uuid: string;

  constructor(placeholder: string) {
    const bytes = placeholder.startsWith(HEX)
      ? Buffer.from(placeholder.slice(HEX.length), 'hex')
      : Buffer.from(placeholder);
    this.string = JSON.stringify(bytes.toString());
    this.base64 = JSON.stringify(bytes.toString('base64'));
    // Java's bytes are signed.
    this.codes = `[${new Int8Array(bytes).join(',')}]`;
    this.uuid = JSON.stringify(nameUuid(bytes));
  }
}

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
