import {readFile, writeFile} from 'node:fs/promises';
import {promisify} from 'node:util';
import {constants, gunzip, gzip} from 'node:zlib';
import {RejectedRowError} from '../warehouse-sink.ts';
import type {SinkRow} from '../warehouse-sink.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/**
 * A batch as lines: the epoch of the writer that may load them (see {@link epochMark}), and JSON with each record's own
 * bytes as the member `v`, behind its offset and key. Without `v` the line deletes the key's row.
 *
 * The value is not parsed. Line breaks in it can only be white space between its tokens, and become spaces.
 *
 * @param withKeyFields whether the lines carry a STRUCT key itself, as `_k`, for columns that are copied from it.
 * @throws RejectedRowError for the first row whose value is no JSON object.
 */
export function batchLines(
  rows: readonly SinkRow[],
  epoch: number,
  withKeyFields: boolean,
): Buffer {
  const mark = epochMark(epoch);
  let length = 0;
  const heads = rows.map((row) => {
    const head = Buffer.from(`${mark}${headOf(row, withKeyFields)}`);
    length += head.length + (row.value?.length ?? 0) + ending.length;
    return head;
  });
  const lines = Buffer.allocUnsafe(length);
  let at = 0;
  rows.forEach(({value}, index) => {
    at += (heads[index] as Buffer).copy(lines, at);
    const start = at;
    if (value !== null) at += value.copy(lines, at);
    replaceBreaks(lines.subarray(start, at));
    at += ending.copy(lines, at);
  });
  return lines;
}

/** What each line begins with. A statement strips that of its own writer: with another's the line is not JSON, and no load succeeds. */
export function epochMark(epoch: number): string {
  return `${epoch}|`;
}

/** The same lines, for a writer of another epoch. */
export function handOver(lines: Buffer, epoch: number): Buffer {
  const mark = Buffer.from(epochMark(epoch));
  const parts: Buffer[] = [];
  for (let at = lines.indexOf(openingBrace); at >= 0;) {
    const end = lines.indexOf(newline, at) + 1;
    parts.push(mark, lines.subarray(at, end));
    at = lines.indexOf(openingBrace, end);
  }
  return Buffer.concat(parts);
}

/** Writes the lines to a file, compressed: the way to the cloud is longer than it takes. */
export async function saveCompressed(path: string, lines: Buffer): Promise<void> {
  await writeFile(path, await compress(lines, {level: constants.Z_BEST_SPEED}));
}

/** The lines of such a file. */
export async function readCompressed(path: string): Promise<Buffer> {
  return decompress(await readFile(path));
}

const ending = Buffer.from('}\n');
const [openingBrace, newline, carriageReturn, space, tab] = [0x7b, 0x0a, 0x0d, 0x20, 0x09];

function headOf({offset, key, value}: SinkRow, withKeyFields: boolean): string {
  const fields = withKeyFields ? `,"_k":${key ?? 'null'}` : '';
  const head = `{"_offset":${offset},"_key":${JSON.stringify(key)}${fields}`;
  if (value === null) return head;
  if (!isObject(value)) throw new RejectedRowError(offset, 'its value is not a JSON object');
  return `${head},"v":`;
}

function isObject(value: Buffer): boolean {
  let at = 0;
  while (
    value[at] === space ||
    value[at] === newline ||
    value[at] === carriageReturn ||
    value[at] === tab
  )
    at++;
  return value[at] === openingBrace;
}

function replaceBreaks(value: Buffer): void {
  for (const byte of [newline, carriageReturn]) {
    for (let at = value.indexOf(byte); at >= 0; at = value.indexOf(byte, at + 1)) value[at] = space;
  }
}
