/** Of the integers that are encoded here: they and their two's complement are exact as numbers. */
const MAX_DIGITS = 14;
const MAX_BYTES = 6;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Value × 10^`scale` of a decimal text such as `-12.50`; undefined where it is long or has digits beyond the scale. */
export function smallUnscaled(text: string, scale: number): number | undefined {
  const {length} = text;
  if (scale < 0 || length > MAX_DIGITS) return undefined;
  const isNegative = text.charCodeAt(0) === MINUS;
  let value = 0;
  let digits = 0;
  let fraction = 0;
  let step = 0;
  for (let i = isNegative ? 1 : 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT && step === 0) {
      step = 1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
    fraction += step;
    digits++;
  }
  if (digits === 0 || fraction > scale || digits + scale - fraction > MAX_DIGITS) return undefined;
  for (let i = fraction; i < scale; i++) value *= 10;
  // Never -0.
  return isNegative ? 0 - value : value;
}

/** The shortest big-endian two's complement of an integer of up to 14 digits, in base64. */
export function base64OfInteger(value: number): string {
  let count = 1;
  let limit = 0x80;
  while (count < MAX_BYTES && (value >= limit || value < -limit)) {
    count++;
    limit *= 0x100;
  }
  // Bits beyond the last byte are zero, as base64 has them.
  const unsigned = value < 0 ? value + 2 * limit : value;
  const sextets = Math.ceil((count * 8) / 6);
  let rest = unsigned * 2 ** (sextets * 6 - count * 8);
  let text = '';
  for (let i = 0; i < sextets; i++) {
    const sextet = rest % 64;
    text = ALPHABET.charAt(sextet) + text;
    rest = (rest - sextet) / 64;
  }
  return text + '='.repeat((4 - (sextets % 4)) % 4);
}
