import {isUtf8} from 'node:buffer';
import {ServiceError} from '../../../common/errors.ts';
import type {Relation} from '../../replication-source.ts';
import {NULL, Tuple} from '../../tuple.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;

/** By what stands after a backslash: the byte that both stand for, 0 where Postgres writes no such escape. */
const escapes = new Uint8Array(256);
for (const [letter, byte] of Object.entries({
  '\\': '\\',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}))
  escapes[letter.charCodeAt(0)] = byte.charCodeAt(0);

/**
 * The values of one row of `COPY … TO STDOUT` in text format, `buffer[start, end)` with its line end. They stay there, and
 * escapes are replaced in place: the bytes are the tuple's from now on.
 *
 * @throws ServiceError `CDC_PROTOCOL` for anything but the columns of `relation`, written as Postgres writes them.
 */
export function decodeCopyRow(
  buffer: Buffer,
  start: number,
  end: number,
  relation: Relation,
): Tuple {
  const lineEnd = end - 1;
  if (lineEnd < start || buffer[lineEnd] !== LINE_FEED)
    throw unreadable(relation, 'it is cut short');
  const spans: number[] = [];
  let from = start;
  let highest = 0;
  let hasEscape = false;
  for (let at = start; at < lineEnd; at++) {
    const byte = buffer[at] as number;
    if (byte > BACKSLASH) {
      if (byte > highest) highest = byte;
    } else if (byte === TAB) {
      // Tabs inside of values are escaped, so each tab separates.
      spans.push(from, at);
      from = at + 1;
    } else if (byte === BACKSLASH || byte === LINE_FEED) {
      hasEscape = true;
    }
  }
  spans.push(from, lineEnd);
  if (highest > 0x7f) checkUtf8(buffer, spans, relation);
  if (hasEscape) unescapeAll(buffer, spans, relation);
  const width = relation.columns.length;
  if (spans.length !== width * 2)
    throw unreadable(relation, `it has ${spans.length / 2} columns in place of ${width}`);
  return new Tuple(buffer, spans);
}

function checkUtf8(buffer: Buffer, spans: readonly number[], relation: Relation): void {
  if (isUtf8(buffer.subarray(spans[0], spans.at(-1)))) return;
  for (let i = 0; i < spans.length; i += 2) {
    if (isUtf8(buffer.subarray(spans[i], spans[i + 1]))) continue;
    throw unreadable(
      relation,
      `${columnName(relation, i / 2)} is not UTF-8, as a database with the encoding SQL_ASCII may have it; correct the row, or move to a database with the encoding UTF8`,
    );
  }
}

/** Takes the escapes out of the values, and finds those that are null. */
function unescapeAll(buffer: Buffer, spans: number[], relation: Relation): void {
  for (let i = 0; i < spans.length; i += 2) {
    const [start, end] = [spans[i] as number, spans[i + 1] as number];
    if (end - start === 2 && buffer[start] === BACKSLASH && buffer[start + 1] === LETTER_N) {
      spans[i] = NULL;
      spans[i + 1] = NULL;
      continue;
    }
    const unescapedEnd = unescape(buffer, start, end);
    if (unescapedEnd === undefined)
      throw unreadable(
        relation,
        `Postgres does not write such an escape as in ${columnName(relation, i / 2)}`,
      );
    spans[i + 1] = unescapedEnd;
  }
}

/** Where the value ends then; undefined where Postgres would have escaped otherwise. */
function unescape(buffer: Buffer, start: number, end: number): number | undefined {
  let to = start;
  for (let at = start; at < end; at++) {
    let byte = buffer[at] as number;
    if (byte === LINE_FEED) return undefined;
    if (byte === BACKSLASH) {
      // Behind a value stand a tab or the line's end, which are no escapes either.
      byte = escapes[buffer[++at] as number] as number;
      if (byte === 0) return undefined;
    }
    buffer[to++] = byte;
  }
  return to;
}

function columnName({columns}: Relation, index: number): string {
  return `column ${columns[index]?.name ?? index + 1}`;
}

function unreadable({schema, table}: Relation, reason: string): ServiceError {
  return new ServiceError('CDC_PROTOCOL', `unreadable row of ${schema}.${table}: ${reason}`);
}
