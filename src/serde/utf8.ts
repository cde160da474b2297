import {isUtf8} from 'node:buffer';

import {UnreadableRecordError} from './serde.ts';

/**
 * The text of `bytes` from `start` on.
 *
 * @throws UnreadableRecordError when they are not UTF-8; Node by itself would put U+FFFD in their place.
 */
export function decodeUtf8(bytes: Buffer, start: number): string {
  const text = bytes.toString('utf8', start);
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start))) {
    throw new UnreadableRecordError('it is not valid UTF-8');
  }
  return text;
}
