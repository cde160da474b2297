import {isUtf8} from 'node:buffer';
import {ServiceError} from '../../../common/errors.ts';
import type {Relation} from '../../replication-source.ts';

/** What `Buffer` has and its types lack: slices without the checks of `toString`. */
interface FastBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/** What `utf8Slice` puts in place of bytes that are not UTF-8; also a character that a text may have. */
const replacement = '\ufffd';

/**
 * The values of one row of `COPY … TO STDOUT` in text format, `buffer[start, end)` with its line end.
 *
 * @throws ServiceError `CDC_PROTOCOL` for anything but the columns of `relation`, written as Postgres writes them.
 */
export function decodeCopyRow(
  buffer: Buffer,
  start: number,
  end: number,
  relation: Relation,
): (string | null)[] {
  if (end <= start || buffer[end - 1] !== 0x0a) throw unreadable(relation, 'it is cut short');
  const line = (buffer as FastBuffer).utf8Slice(start, end - 1);
  if (line.includes(replacement) && !isUtf8(buffer.subarray(start, end)))
    throw unreadable(
      relation,
      `${columnName(relation, notUtf8(buffer.subarray(start, end - 1)))} is not UTF-8, as a database with the encoding SQL_ASCII may have it; correct the row, or move to a database with the encoding UTF8`,
    );
  const values = parseCopyRow(line);
  if (values === undefined)
    throw unreadable(
      relation,
      `Postgres does not write such an escape as in ${columnName(relation, badlyEscaped(line))}`,
    );
  const width = relation.columns.length;
  if (values.length !== width)
    throw unreadable(relation, `it has ${values.length} columns in place of ${width}`);
  return values;
}

function columnName({columns}: Relation, index: number): string {
  return `column ${columns[index]?.name ?? index + 1}`;
}

/** The first value of the line that is not UTF-8. */
function notUtf8(line: Buffer): number {
  let index = 0;
  for (let start = 0; start <= line.length; index++) {
    const tab = line.indexOf(0x09, start);
    const end = tab < 0 ? line.length : tab;
    if (!isUtf8(line.subarray(start, end))) break;
    start = end + 1;
  }
  return index;
}

/** The first value of the line that `parseCopyRow` does not take. */
function badlyEscaped(line: string): number {
  return line.split('\t').findIndex((value) => parseCopyRow(value) === undefined);
}

function unreadable({schema, table}: Relation, reason: string): ServiceError {
  return new ServiceError('CDC_PROTOCOL', `unreadable row of ${schema}.${table}: ${reason}`);
}

/**
 * The values of one row of `COPY … TO STDOUT` in text format, without its line end; undefined where Postgres would have
 * escaped otherwise.
 *
 * Tabs inside of values are escaped, so each tab separates; most rows have nothing to unescape.
 */
export function parseCopyRow(line: string): (string | null)[] | undefined {
  if (line.includes('\n')) return undefined;
  const values: (string | null)[] = line.split('\t');
  if (!line.includes('\\')) return values;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as string;
    if (!value.includes('\\')) continue;
    const text = value === '\\N' ? null : unescape(value);
    if (text === undefined) return undefined;
    values[i] = text;
  }
  return values;
}

/** What a character after a backslash stands for. */
const escapes = new Map([
  ['\\', '\\'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

function unescape(value: string): string | undefined {
  let text = '';
  let from = 0;
  for (let at = value.indexOf('\\'); at >= 0; at = value.indexOf('\\', from)) {
    const character = escapes.get(value.charAt(at + 1));
    if (character === undefined) return undefined;
    text += value.slice(from, at) + character;
    from = at + 2;
  }
  return text + value.slice(from);
}
