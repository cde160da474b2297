/**
 * Decimal text (`-12.50`, also with an exponent) as the big-endian two's-complement bytes of value × 10^scale, the
 * shortest that hold it: Java's `BigDecimal.unscaledValue().toByteArray()`.
 *
 * @throws RangeError when the text is no decimal or has digits beyond the scale.
 */
export function decimalToUnscaled(text: string, scale: number): Buffer {
  return bytesOf(unscaled(text, scale));
}

/** The inverse of {@link decimalToUnscaled}: text with exactly `scale` fraction digits. */
export function decimalFromUnscaled(bytes: Buffer, scale: number): string {
  if (bytes.length === 0) throw new RangeError('no bytes');
  return place(BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`)), scale);
}

/**
 * Decimal text in the one form that a value has at this scale: `12.5` at scale 2 is `12.50`.
 *
 * @throws RangeError when the text is no decimal or has digits beyond the scale.
 */
export function canonicalDecimal(text: string, scale: number): string {
  return isCanonical(text, scale) ? text : place(unscaled(text, scale), scale);
}

const canonical = /^(?:-?(?:0|[1-9]\d*))(?:\.(\d+))?$/;
const negativeZero = /^-[0.]*$/;
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Postgres' own limit: 131072 digits before and 16383 after the decimal point. */
const maxDigits = 147_456;

function isCanonical(text: string, scale: number): boolean {
  const match = canonical.exec(text);
  return match !== null && (match[1]?.length ?? 0) === scale && !negativeZero.test(text);
}

function unscaled(text: string, scale: number): bigint {
  const match = pattern.exec(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? [];
  const digits = whole + fraction;
  if (digits === '') throw new RangeError(`"${text.slice(0, 60)}" is not a decimal number`);
  const shift = scale + Number(exponent) - fraction.length;
  if (digits.length + Math.abs(shift) > maxDigits) throw new RangeError('the number is too long');
  if (shift < 0 && /[1-9]/.test(digits.slice(shift))) {
    throw new RangeError(`"${text.slice(0, 60)}" has more than ${scale} digits after the point`);
  }
  const magnitude = BigInt(shift < 0 ? digits.slice(0, shift) : digits + '0'.repeat(shift));
  return sign === '-' ? -magnitude : magnitude;
}

function place(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString();
  if (scale === 0) return sign + digits;
  if (scale < 0) return value === 0n ? '0' : sign + digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

function bytesOf(value: bigint): Buffer {
  if (BigInt.asIntN(64, value) === value) return shortest(value);
  // n bytes hold -2^(8n-1) … 2^(8n-1)-1, so a negative number needs the room of its complement.
  const bits = (value < 0n ? ~value : value).toString(2).length;
  const length = Math.floor(bits / 8) + 1;
  const hex = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(hex.padStart(length * 2, '0'), 'hex');
}

/** An int64 without the leading bytes that only repeat its sign. */
function shortest(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  const sign = value < 0n ? 0xff : 0;
  let start = 0;
  while (start < 7 && bytes[start] === sign && ((bytes[start + 1] as number) ^ sign) < 0x80)
    start++;
  return bytes.subarray(start);
}
