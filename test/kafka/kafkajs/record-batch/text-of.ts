import type {ConsumedRecord} from '../../../../src/kafka/client.ts';

/** All that a record has, on a line: to compare many of them, which takes long byte by byte. */
export function textOf({offset, timestamp, key, value, headers}: ConsumedRecord): string {
  const names = headers.map((header) => `${header.key}=${header.value.toString('hex')}`);
  const hex = [key, value].map((bytes) => (bytes === null ? 'null' : bytes.toString('hex')));
  return [offset, timestamp, ...hex, ...names].join(' ');
}
